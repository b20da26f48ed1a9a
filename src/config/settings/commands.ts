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
    "yes: serve only reads of strings, and refuse every other command",
  ),
  "protected-mode": setting(
    oneOf(["yes", "no"]),
    "yes",
    "if clients need no password, only local ones may use more than reads of strings",
  ),
  "deny": optional(
    commands,
    "more commands not to pass to Redis than the dangerous ones; names and @categories",
  ),
  "allow": optional(commands, "commands to pass in any case, such as shutdown,client|pause,@admin"),
  "max-upstreams": setting(
    integer(0),
    "1000",
    "maximum number of connections to Redis for single clients",
  ),
};
