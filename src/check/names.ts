/**
 * The names of commands in the settings.
 *
 * @module
 */
import { missingNames } from "../app/unknown_names.ts";
import type { Reply } from "../commands/spec.ts";
import { CommandTable } from "../commands/table.ts";
import type { Config } from "../config/mod.ts";
import type { Asking } from "./asking.ts";
import { type Finding, warning } from "./finding.ts";

/** Asks Redis for the names that it may have from a module. */
export async function checkNames(redis: Asking, { values }: Config): Promise<Finding[]> {
  const missingIn = missingNames(values);
  if (values["read-only"] || missingIn === null) return [];
  const reply = await redis.ask("COMMAND");
  if (!Array.isArray(reply)) return [];
  return missingIn(CommandTable.of(reply as Reply)).map(({ flag, name, found }) =>
    warning("commands", found, `--${flag} without ${name}; COMMAND LIST shows the names`)
  );
}
