/**
 * The settings of the commands that pass to Redis.
 *
 * @module
 */
import { commands } from "../command_names.ts";
import { integer } from "../quantities.ts";
import { optional, setting } from "../setting.ts";
import { oneOf } from "../texts.ts";

export const COMMANDS = {
  "read-only": setting(
    oneOf(["no", "yes"]),
    "no",
    "yes: serve reads of strings alone, and refuse every other command",
  ),
  "protected-mode": setting(
    oneOf(["yes", "no"]),
    "yes",
    "where clients need no password, let only local ones use more than reads of strings",
  ),
  "deny": optional(
    commands,
    "commands not to pass to Redis, beside the dangerous ones; names and @categories",
  ),
  "allow": optional(commands, "commands to pass all the same, as in shutdown,client|pause,@admin"),
  "max-upstreams": setting(
    integer(0),
    "1000",
    "maximum number of connections to Redis for clients that need their own",
  ),
};
