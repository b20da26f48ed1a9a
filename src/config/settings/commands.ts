/**
 * The settings of the commands that pass to Redis.
 *
 * @module
 */
import { commands } from "../command_names.ts";
import { integer } from "../quantities.ts";
import { optional, setting } from "../setting.ts";
import { yesOrNo } from "../texts.ts";

export const COMMANDS = {
  "read-only": setting(
    yesOrNo,
    "no",
    "serve only reads of strings, and refuse every other command",
  ),
  "protected-mode": setting(
    yesOrNo,
    "yes",
    "if clients need no password, only local ones may use more than reads of strings",
  ),
  "deny": optional(
    commands,
    "commands to refuse, beside the dangerous ones, by name or @category",
  ),
  "allow": optional(commands, "commands to pass in any case, such as shutdown,client|pause,@admin"),
  "max-upstreams": setting(
    integer(0),
    "1000",
    "maximum number of connections to Redis that serve one client each",
  ),
};
