/**
 * Routes: over which connection a command travels. Decided by what the server's COMMAND table says,
 * and by name for what the table does not tell.
 *
 * The rule that keeps clients apart: a command is shared only if it is known to leave no state
 * behind on its connection. A command that is not known at all goes private and counts as a write.
 *
 * @module
 */
import type { CommandSpec, Words } from "./spec.ts";

/**
 * - `local`: answered here, and replayed on a private connection when one is opened
 * - `shared`: over the one connection that all clients share
 * - `private`: over a connection of this client's own, which can hold state
 * - `control`: over a connection that nothing slow ever uses, so that it never waits
 */
export type Route = "local" | "shared" | "private" | "control";

/** Attributes of the client's own connection. A private connection gets them when it is opened. */
const LOCAL = new Set([
  ...["auth", "hello", "reset", "quit", "ping", "echo", "select", "proxy"],
  ...["client|id", "client|getname", "client|setname", "client|setinfo", "client|info"],
  ...["client|reply", "client|no-evict", "client|no-touch"],
]);

/** These free others that wait, so they must not wait behind them. */
const CONTROL = new Set(["client|kill", "client|unblock", "client|unpause"]);

/** State that no flag tells: streams without end, and switches of one connection. */
const PRIVATE = new Set([
  ...["monitor", "sync", "psync", "replconf", "script|debug"],
  ...["asking", "readonly", "readwrite", "client|tracking", "client|caching"],
  ...["client|trackinginfo", "client|getredir", "wait", "waitaof"],
]);

/** They leave no state, though they are flagged neither `readonly` nor `write`. */
const SHARED = new Set([
  ...["dbsize", "info", "time", "lastsave", "role", "debug", "save", "bgsave", "bgrewriteaof"],
  ...["eval", "evalsha", "fcall", "publish", "spublish", "command", "client|list"],
  ...["failover", "replicaof", "slaveof", "shutdown", "pfselftest"],
]);

/** Containers whose subcommands all leave no state, but for those named above. */
const SHARED_CONTAINERS = new Set([
  ...["acl", "cluster", "command", "config", "function", "latency", "memory", "module", "object"],
  ...["pubsub", "script", "slowlog", "xgroup", "xinfo"],
]);

/** The route of a command; undefined stands for one that the server's table does not hold. */
export function routeOf(spec: CommandSpec | undefined, words: Words): Route {
  if (spec === undefined) return "private";
  const { name, flags, categories } = spec;
  if (LOCAL.has(name)) return "local";
  if (CONTROL.has(name)) return "control";
  if (PRIVATE.has(name)) return "private";
  const container = name.slice(0, Math.max(0, name.indexOf("|")));
  // A script that runs is killed over another connection than the one it keeps busy.
  if (flags.has("allow_busy") && (container === "script" || container === "function")) {
    return "control";
  }
  if (SHARED.has(name) || SHARED_CONTAINERS.has(container)) return "shared";
  if (isBlocking(spec, words) || categories.has("transaction") || categories.has("pubsub")) {
    return "private";
  }
  if (categories.has("connection") || flags.has("module")) return "private";
  return flags.has("readonly") || flags.has("write") ? "shared" : "private";
}

/**
 * Whether a command is shared whatever its arguments, and nothing of it is special to the proxy: most
 * requests are of this kind, so it is found out once for each command.
 */
export function isAlwaysShared(spec: CommandSpec): boolean {
  const { name, flags, categories, subcommands } = spec;
  const isPlain = flags.has("readonly") || flags.has("write");
  return isPlain && subcommands.size === 0 && !flags.has("blocking") &&
    !categories.has("blocking") && !name.includes("|") &&
    routeOf(spec, { count: 1, string: () => name }) === "shared";
}

/** Whether a command with these arguments waits until there is something to answer. */
export function isBlocking({ name, flags, categories }: CommandSpec, words: Words): boolean {
  if (!flags.has("blocking") && !categories.has("blocking")) return false;
  if (name !== "xread" && name !== "xreadgroup") return true;
  // What follows STREAMS are names and ids.
  for (let at = 1; at < words.count; at++) {
    const word = words.string(at, 8).toLowerCase();
    if (word === "block") return true;
    if (word === "streams") return false;
  }
  return false;
}
