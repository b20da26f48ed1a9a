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

/** Returns a function that checks a table of commands; null if all names are known without one. */
export function watchNames(values: Values, log: Log): ((table: CommandTable) => void) | null {
  const unknown = LISTS.flatMap((flag) =>
    (values[flag] ?? []).filter((name) => !isKnownName(name)).map((name) => ({ flag, name }))
  );
  if (unknown.length === 0) return null;
  const warned = new Set<string>();
  return (table) => {
    for (const { flag, name } of unknown) {
      if (table.has(name) || warned.has(name)) continue;
      warned.add(name);
      const what = name.startsWith("@") ? "category of commands" : "command";
      log.warn(`Redis has no such ${what}: --${flag} ${name} has no effect`, { name });
    }
  };
}
