/**
 * Warns of names in --deny and --allow that Redis does not have, so that they have no effect. Names
 * of modules' commands are known once Redis has shown its commands.
 *
 * @module
 */
import type { CommandTable } from "../commands/table.ts";
import type { Values } from "../config/mod.ts";
import { isKnownName } from "../config/command_names.ts";
import type { Log } from "../core/log.ts";

/** The settings that name commands. */
const LISTS = ["deny", "allow"] as const;

/** A name that Redis does not have. */
export interface MissingName {
  readonly flag: typeof LISTS[number];
  readonly name: string;
  /** A sentence about it. */
  readonly found: string;
}

/**
 * Returns a function that finds the names that a table of commands lacks; null if all names are
 * known without one.
 */
export function missingNames(values: Values): ((table: CommandTable) => MissingName[]) | null {
  const unknown = LISTS.flatMap((flag) =>
    (values[flag] ?? []).filter((name) => !isKnownName(name)).map((name) => ({ flag, name }))
  );
  if (unknown.length === 0) return null;
  return (table) =>
    unknown.filter(({ name }) => !table.has(name)).map(({ flag, name }) => {
      const what = name.startsWith("@") ? "category of commands" : "command";
      return { flag, name, found: `Redis has no such ${what}: --${flag} ${name} has no effect` };
    });
}

/** Returns a function that warns of names once; null if all names are known without a table. */
export function watchNames(values: Values, log: Log): ((table: CommandTable) => void) | null {
  const missingIn = missingNames(values);
  if (missingIn === null) return null;
  const warned = new Set<string>();
  return (table) => {
    for (const { name, found } of missingIn(table)) {
      if (warned.has(name)) continue;
      warned.add(name);
      log.warn(found, { name });
    }
  };
}
