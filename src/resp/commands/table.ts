/**
 * All commands, and the way from a request to its command: known at all, the right number of
 * arguments, allowed to this client; in this order, as in Redis.
 *
 * @module
 */
import type { ClientRequest } from "../../server/protocol.ts";
import { FixedReply, refuse } from "../requests/fixed.ts";
import type { Session } from "../session.ts";
import { CLIENT } from "./client.ts";
import type { Arguments } from "../parse/arguments.ts";
import { type Command, fits } from "./command.ts";
import { CONNECTION } from "./connection.ts";
import { commandOf } from "./introspection.ts";
import { PROXY } from "./proxy.ts";
import { READS } from "./reads.ts";
import { refuseArity, refuseCommand, refuseSize, refuseSubcommand } from "./refusals.ts";
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

/** Longest name of a command, in bytes. */
const NAME_BYTES = 32;

/** What the cache answers. */
const CACHED = new Set(READS.map(({ name }) => name));

/** What is about the client's connection to the proxy, and answered here. */
const LOCAL = new Set([...CONNECTION.map(({ name }) => name), "proxy", "post", "host:"]);
const LOCAL_CLIENT = new Set(["id", "setname", "getname", "setinfo", "info", "reply"]
  .concat("no-evict", "no-touch"));

/** Whether the proxy itself has a command of this name, or has an answer of its own to it. */
export function isKnownHere(args: Arguments): boolean {
  const name = lowerNameOf(args);
  return COMMANDS.has(name) || CROSS_PROTOCOL.has(name);
}

/** Whether the cache answers a command; its name is in lower case. */
export function isCached(name: string): boolean {
  return CACHED.has(name);
}

/** Whether a request is answered here, since it is about the client's connection to the proxy. */
export function isLocal(args: Arguments, database: number): boolean {
  const name = lowerNameOf(args);
  if (name === "client") {
    return args.count > 1 && LOCAL_CLIENT.has(args.string(1, NAME_BYTES).toLowerCase());
  }
  if (name === "select") return args.count === 2 && args.string(1) === `${database}`;
  return LOCAL.has(name);
}

const ATTRIBUTES = new Set(["setname", "setinfo", "no-evict", "no-touch"]);

/** Whether a local request changes what a private connection was told when it was opened. */
export function changesAttributes(args: Arguments): boolean {
  const name = lowerNameOf(args);
  return name === "hello" ||
    (name === "client" && ATTRIBUTES.has(args.string(1, NAME_BYTES).toLowerCase()));
}

/** Makes the request that these arguments mean in this session. */
export function dispatch(args: Arguments, session: Session): ClientRequest {
  const lowerName = lowerNameOf(args);
  const command = COMMANDS.get(lowerName);
  if (command === undefined) {
    // In silence, as Redis does: the page could read any reply.
    return CROSS_PROTOCOL.has(lowerName) ? new FixedReply(SILENCE, true) : refuseCommand(args);
  }
  const tooLarge = refuseSize(command, args);
  if (tooLarge !== null) return tooLarge;
  let { arity, run } = command;
  let name = command.name;
  if (command.subcommands !== undefined && args.count > 1) {
    const subcommand = command.subcommands.get(args.string(1).toLowerCase());
    if (subcommand === undefined) return refuseSubcommand(command, args);
    ({ arity, run } = subcommand);
    name = `${command.name}|${subcommand.name}`;
  }
  if (run === undefined || !fits(arity, args.count)) return refuseArity(name);
  if (!session.isAuthenticated && !OPEN.has(command.name)) {
    return refuse("NOAUTH Authentication required.");
  }
  return run(args, session);
}

/**
 * Refuses a request of which only a part has come, so that nobody collects the rest; null if it may
 * be served.
 *
 * @param args What has come: at least the command's name, or more of it than any name has.
 */
export function refuseEarly(args: Arguments): ClientRequest | null {
  const command = COMMANDS.get(lowerNameOf(args));
  return command === undefined ? refuseCommand(args) : refuseSize(command, args);
}

const SILENCE = new Uint8Array();

function lowerNameOf(args: Arguments): string {
  return args.string(0, NAME_BYTES + 1).toLowerCase();
}
