/**
 * All commands, and the way from a request to its command: known at all, the right number of
 * arguments, allowed to this client; in this order, as in Redis.
 *
 * @module
 */
import type { ClientRequest } from "../../server/protocol.ts";
import { Fixed, refuse } from "../requests.ts";
import type { Session } from "../session.ts";
import { CLIENT } from "./client.ts";
import { type Arguments, type Command, fits } from "./command.ts";
import { CONNECTION } from "./connection.ts";
import { commandOf } from "./introspection.ts";
import { PROXY } from "./proxy.ts";
import { READS } from "./reads.ts";
import { refuseArity, refuseCommand, refuseSubcommand } from "./refusals.ts";
import { SERVER } from "./server.ts";

const COMMANDS = new Map<string, Command>();
for (
  const command of [...READS, ...CONNECTION, CLIENT, ...SERVER, PROXY, commandOf(COMMANDS)]
) {
  COMMANDS.set(command.name, command);
}

/** Needs no authentication: what authenticates, and what gives it up. */
const OPEN = new Set(["auth", "hello", "quit", "reset"]);

/** First words of requests that only a web page could have tricked a browser into. */
const CROSS_PROTOCOL = new Set(["post", "host:"]);

/** Longest name that is looked for, in bytes. */
const NAME_BYTES = 32;

/** Whether there is such a command. */
export function isServed(name: string): boolean {
  return COMMANDS.has(keyOf(name));
}

/** Makes the request that these arguments mean in this session. */
export function dispatch(args: Arguments, session: Session): ClientRequest {
  const key = keyOf(args.string(0));
  const command = COMMANDS.get(key);
  if (command === undefined) {
    // In silence, as Redis does: whatever is said might be read by the page.
    return CROSS_PROTOCOL.has(key) ? new Fixed(SILENCE, true) : refuseCommand(args);
  }
  let { arity, run } = command;
  let name = command.name;
  if (command.subcommands !== undefined && args.count > 1) {
    const part = command.subcommands.get(args.string(1).toLowerCase());
    if (part === undefined) return refuseSubcommand(command, args);
    ({ arity, run } = part);
    name = `${command.name}|${part.name}`;
  }
  if (run === undefined || !fits(arity, args.count)) return refuseArity(name);
  if (!session.isAuthenticated && !OPEN.has(command.name)) {
    return refuse("NOAUTH Authentication required.");
  }
  return run(args, session);
}

const SILENCE = new Uint8Array();

function keyOf(name: string): string {
  return name.length > NAME_BYTES ? "" : name.toLowerCase();
}
