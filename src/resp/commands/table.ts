/**
 * The table of commands that the proxy itself answers, and the dispatch of requests. The order of
 * the checks is that of Redis: whether the command is known, whether the number of arguments is
 * right, whether the client may use it.
 *
 * @module
 */
import type { PassFilter } from "../../commands/permission.ts";
import type { ClientRequest } from "../../server/protocol.ts";
import { FixedReply, refuse } from "../requests/fixed.ts";
import type { RespContext } from "../context.ts";
import type { Session } from "../session.ts";
import { CLIENT } from "./client.ts";
import type { Arguments } from "../parse/arguments.ts";
import { OPTION_BYTES, OPTION_COUNT } from "../parse/limits.ts";
import { fits, judgedOf, type LocalCommand } from "./command.ts";
import { CONNECTION } from "./connection.ts";
import { introspectionOf } from "./introspection.ts";
import { PROXY } from "./proxy.ts";
import { READS } from "./reads.ts";
import { refuseArity, refuseCommand, refuseSize, refuseSubcommand } from "./refusals.ts";
import { SERVER } from "./server.ts";

const COMMANDS = new Map<string, LocalCommand>();
for (
  const command of [...READS, ...CONNECTION, CLIENT, ...SERVER, PROXY, introspectionOf(COMMANDS)]
) {
  COMMANDS.set(command.name, command);
}

/** Commands that need no authentication. */
const OPEN = new Set(["auth", "hello", "quit", "reset"]);

/** First words of requests that a web page can make a browser send here. */
const CROSS_PROTOCOL = new Set(["post", "host:"]);

/** Longest name of a command, in bytes. */
const NAME_BYTES = 32;

/** Commands that the cache answers. */
const CACHED = new Set(READS.map(({ name }) => name));

/** Commands about the client's connection to the proxy. */
const LOCAL = new Set([...CONNECTION.map(({ name }) => name), "proxy", "post", "host:"]);
const LOCAL_CLIENT = new Set(["id", "setname", "getname", "setinfo", "info", "reply"]
  .concat("no-evict", "no-touch"));

/** Whether the proxy itself answers a command, even if with an error. */
export function isKnownHere(args: Arguments): boolean {
  const name = lowerNameOf(args);
  return COMMANDS.has(name) || CROSS_PROTOCOL.has(name);
}

/** Commands that are refused here, because they concern other parts of Redis than the cache. */
const ELSEWHERE = new Set(["cluster", "readonly", "readwrite", "asking"]);

/**
 * Whether the proxy answers a command about clusters in place of Redis. In front of a cluster, its
 * nodes know the keys of their slots.
 */
export function isAboutCluster(args: Arguments, { seen, lanes }: RespContext): boolean {
  if (seen === null || !ELSEWHERE.has(lowerNameOf(args))) return false;
  const isAboutKeys = args.count > 2 && /^(?:count|get)keysinslot$/i.test(args.string(1, 16));
  return !(isAboutKeys && seen === "cluster" && lanes?.knowsSlots);
}

/** Whether a client that may only read gets an answer from here. */
export function isServedHere(args: Arguments): boolean {
  const name = lowerNameOf(args);
  const command = COMMANDS.get(name);
  if (command === undefined) return CROSS_PROTOCOL.has(name);
  if (ELSEWHERE.has(name)) return false;
  return command.subcommands === undefined || args.count < 2 ||
    command.subcommands.has(args.string(1, NAME_BYTES).toLowerCase());
}

/** Whether a command of this name, in lower case, is in the proxy's own table. */
export function isOwnName(name: string): boolean {
  return COMMANDS.has(name);
}

/** Whether the cache answers a command; its name is in lower case. */
export function isCached(name: string): boolean {
  return CACHED.has(name);
}

/** Whether a request is about the client's connection to the proxy, which answers it itself. */
export function isLocal(args: Arguments): boolean {
  const name = lowerNameOf(args);
  if (name === "client") {
    return args.count > 1 && LOCAL_CLIENT.has(args.string(1, NAME_BYTES).toLowerCase());
  }
  return LOCAL.has(name);
}

const ATTRIBUTES = new Set(["setname", "setinfo", "no-evict", "no-touch"]);

/** Whether a request changes attributes that a private connection was opened with. */
export function changesAttributes(args: Arguments): boolean {
  const name = lowerNameOf(args);
  return name === "hello" ||
    (name === "client" && ATTRIBUTES.has(args.string(1, NAME_BYTES).toLowerCase()));
}

/** Whether clients may use a command that is answered here; `name` is in lower case. */
export function allowsHere(filter: PassFilter, name: string): boolean {
  return filter.allows(judgedOf(COMMANDS.get(name)!));
}

/**
 * Returns the name of the command, if it is answered here and clients may not use it; null for all
 * others.
 */
export function deniedHere(args: Arguments, { filter }: RespContext): string | null {
  if (!filter.isStrict) return null;
  const command = COMMANDS.get(lowerNameOf(args));
  if (command === undefined) return null;
  const word = args.count > 1 ? args.string(1, NAME_BYTES).toLowerCase() : "";
  const judged = judgedOf(command, command.subcommands?.get(word));
  return filter.allows(judged) ? null : judged.name;
}

/** Commands that Redis answers if their requests are too large here. */
const PASSED_IF_LARGE = new Set([...CACHED, "ping", "echo"]);

/** Whether a request could be answered here if it were smaller, so that Redis answers it. */
export function isTooLarge(args: Arguments): boolean {
  if (args.length <= OPTION_BYTES && args.count <= OPTION_COUNT) return false;
  const name = lowerNameOf(args);
  return PASSED_IF_LARGE.has(name) && refuseSize(COMMANDS.get(name)!, args) !== null;
}

/** Makes the request that these arguments stand for in this session. */
export function dispatch(args: Arguments, session: Session): ClientRequest {
  const lowerName = lowerNameOf(args);
  const command = COMMANDS.get(lowerName);
  if (command === undefined) {
    // No reply, as in Redis, because the page could read it.
    return CROSS_PROTOCOL.has(lowerName) ? new FixedReply(NO_REPLY, true) : refuseCommand(args);
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
 * Refuses a request before it is complete, so that it need not be collected; null if it may be served.
 *
 * @param args The arguments so far: at least the command's name, or more bytes than a name has.
 */
export function refuseEarly(args: Arguments): ClientRequest | null {
  const command = COMMANDS.get(lowerNameOf(args));
  return command === undefined ? refuseCommand(args) : refuseSize(command, args);
}

const NO_REPLY = new Uint8Array();

function lowerNameOf(args: Arguments): string {
  return args.string(0, NAME_BYTES + 1).toLowerCase();
}
