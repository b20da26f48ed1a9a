/**
 * The settings as they are in effect, for `redis-proxy config`.
 *
 * @module
 */
import { redact } from "./arguments.ts";
import type { Places } from "./places.ts";
import { type Flag, FLAGS, type Setting, SETTINGS, variableOf } from "./settings.ts";

/** Where a value comes from; `derived` values follow from other settings or from the machine. */
export type Origin = "flag" | "variable" | "default" | "derived";

/** One setting in effect. */
export interface Effective {
  /** The flag, without dashes. */
  readonly flag: Flag;
  /** The variable. */
  readonly variable: string;
  /** The value as a person writes it, without secrets; null for none. */
  readonly value: string | null;
  /** Where it comes from. */
  readonly source: Origin;
}

/**
 * Returns all settings, in the order of the help page.
 *
 * @param derived The values of settings that were not given, where these are not the defaults.
 */
export function effectiveSettings(
  places: Places,
  derived: Partial<Record<Flag, string>> = {},
): Effective[] {
  return FLAGS.map((flag) => {
    const source = places.source(flag);
    const isDerived = source === "default" && derived[flag] !== undefined;
    const text = isDerived ? derived[flag]! : places.text(flag);
    return {
      flag,
      variable: variableOf(flag),
      value: text === null ? null : shown(flag, text),
      source: isDerived ? "derived" : source,
    };
  });
}

/** The settings as a table: name, value, source. */
export function settingsTable(settings: readonly Effective[]): string {
  const rows = settings.map(({ flag, variable, value, source }) => [
    flag,
    value === null ? "-" : /^[\x21-\x7e]+$/.test(value) ? value : JSON.stringify(value),
    source === "flag" ? `--${flag}` : source === "variable" ? variable : source,
  ]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map(([flag, value, source]) =>
    `${flag!.padEnd(widths[0]!)}  ${value!.padEnd(widths[1]!)}  ${source}\n`
  ).join("");
}

/** The settings as JSON: an object by flag. */
export function settingsJson(settings: readonly Effective[]): string {
  const byFlag = settings.map(({ flag, ...rest }) => [flag, rest] as const);
  return `${JSON.stringify(Object.fromEntries(byFlag), null, 2)}\n`;
}

/** A secret shows only that it was given. */
function shown(flag: Flag, text: string): string {
  const setting: Setting<unknown> = SETTINGS[flag];
  if (setting.variableOnly) return "***";
  return redact(text);
}
