/**
 * Every setting of the program: its flag, its default, its kind and its purpose. The command line,
 * the environment, the help page and the table in the documentation use this list.
 *
 * @module
 */
import type { Setting } from "./setting.ts";
import { CACHE, COHERENCE } from "./settings/cache.ts";
import { CLIENTS, LISTENING } from "./settings/clients.ts";
import { COMMANDS } from "./settings/commands.ts";
import { ADMIN, HTTP, RUNNING } from "./settings/operation.ts";
import { REDIS } from "./settings/redis.ts";

export type { Setting } from "./setting.ts";

/** The settings by group, then by flag. */
export const GROUPS = {
  "Listening": LISTENING,
  "Clients": CLIENTS,
  "Commands": COMMANDS,
  "Redis": REDIS,
  "Cache": CACHE,
  "Coherence": COHERENCE,
  "HTTP": HTTP,
  "Admin": ADMIN,
  "Running": RUNNING,
};

/** Joins the groups into one type. */
export type UnionToIntersection<U> = (U extends unknown ? (u: U) => void : never) extends
  (i: infer I) => void ? I : never;

/** The settings by flag. */
export type Settings = UnionToIntersection<typeof GROUPS[keyof typeof GROUPS]>;

/** The name of a setting's flag, without the dashes. */
export type Flag = keyof Settings;

/** The settings by flag. */
export const SETTINGS = Object.assign({}, ...Object.values(GROUPS)) as Settings;

/** The names of all flags, in the order of the groups. */
export const FLAGS = Object.keys(SETTINGS) as Flag[];

/** The value of a setting; null only if it has no default. */
export type SettingValue<S> = S extends Setting<infer T>
  ? S extends { fallback: string } ? T : T | null
  : never;

/** The value of each setting, by flag. Durations are in milliseconds. */
export type Values = { readonly [F in Flag]: SettingValue<Settings[F]> };

/** The environment variable of a flag. */
export function variableOf(flag: string): string {
  return `RP_${flag.toUpperCase().replaceAll("-", "_")}`;
}
