/**
 * The settings of the commands that pass to Redis.
 *
 * @module
 */
import { commands } from "../command_names.ts";
import { integer } from "../quantities.ts";
import { optional, setting } from "../setting.ts";
import { hostPort } from "../host_ports.ts";
import { oneOf, yesOrNo } from "../texts.ts";

export const COMMANDS = {
  "read-only": setting(
    yesOrNo,
    "no",
    "serve only reads of strings, and refuse every other command",
  ),
  "protected-mode": setting(
    yesOrNo,
    "yes",
    "without a password, let clients on other machines only read strings",
  ),
  "deny": optional(
    commands,
    "commands to refuse in addition to the dangerous ones: names or @categories",
  ),
  "allow": optional(
    commands,
    "commands to let pass despite the default and --deny: names or @categories",
  ),
  "cluster-mode": setting(
    oneOf(["hide", "emulate"]),
    "hide",
    "to clients, be one Redis (hide), or a cluster whose only node is this proxy (emulate)",
  ),
  "cluster-announce": optional(
    hostPort,
    "with emulate, the address that clients are told; default: the one that they reached",
  ),
  "max-upstreams": setting(
    integer(0),
    "1000",
    "maximum number of private connections to Redis, each for one client",
  ),
};
