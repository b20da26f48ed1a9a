/**
 * Routes: the connection that a command takes. The COMMAND table of the server decides, or the name
 * where the table says nothing.
 *
 * The rule that protects clients from each other: a command is shared only if it is known to leave
 * no state on its connection. An unknown command goes private and counts as a write.
 *
 * @module
 */
import type { CommandSpec, Words } from "./spec.ts";

/**
 * - `local`: the proxy answers it, and repeats it on a private connection when it opens one
 * - `shared`: over the connection that all clients share
 * - `private`: over the client's own connection, which can hold state
 * - `control`: over a connection without slow commands, so that it never waits
 */
export type Route = "local" | "shared" | "private" | "control";

/** Attributes of the client's own connection. A private connection gets them when it is opened. */
const LOCAL = new Set([
  ...["auth", "hello", "reset", "quit", "ping", "echo", "select", "proxy"],
  ...["client|id", "client|getname", "client|setname", "client|setinfo", "client|info"],
  ...["client|reply", "client|no-evict", "client|no-touch"],
]);

/** Commands that end the wait of others, so they must not wait behind those. */
const CONTROL = new Set(["client|kill", "client|unblock", "client|unpause"]);

/** Commands that need state, though no flag says so: endless streams, and modes of a connection. */
const PRIVATE = new Set([
  ...["monitor", "sync", "psync", "replconf", "script|debug"],
  ...["asking", "readonly", "readwrite", "client|tracking", "client|caching"],
  ...["client|trackinginfo", "client|getredir", "wait", "waitaof"],
]);

/** Commands that leave no state, though they have neither the flag `readonly` nor `write`. */
const SHARED = new Set([
  ...["dbsize", "info", "time", "lastsave", "role", "debug", "save", "bgsave", "bgrewriteaof"],
  ...["eval", "evalsha", "fcall", "publish", "spublish", "command", "client|list"],
  ...["failover", "replicaof", "slaveof", "shutdown", "pfselftest"],
]);

/** Containers whose subcommands leave no state, except those above. */
const SHARED_CONTAINERS = new Set([
  ...["acl", "cluster", "command", "config", "function", "latency", "memory", "module", "object"],
  ...["pubsub", "script", "slowlog", "xgroup", "xinfo"],
]);

/** Returns the route of a command; undefined stands for a command that is not in the table. */
export function routeOf(spec: CommandSpec | undefined, words: Words): Route {
  if (spec === undefined) return "private";
  const { name, flags, categories } = spec;
  if (LOCAL.has(name)) return "local";
  if (CONTROL.has(name)) return "control";
  if (PRIVATE.has(name)) return "private";
  const container = name.slice(0, Math.max(0, name.indexOf("|")));
  // A running script keeps its connection busy, so SCRIPT KILL takes another one.
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
 * Whether a command is shared with any arguments, and not special to the proxy. Most requests are
 * of this kind, so the result is remembered for each command.
 */
export function isAlwaysShared(spec: CommandSpec): boolean {
  const { name, flags, categories, subcommands } = spec;
  const isPlain = flags.has("readonly") || flags.has("write");
  return isPlain && subcommands.size === 0 && !flags.has("blocking") &&
    !categories.has("blocking") && !name.includes("|") &&
    routeOf(spec, { count: 1, string: () => name }) === "shared";
}

/** Whether a command with these arguments may block. */
export function isBlocking({ name, flags, categories }: CommandSpec, words: Words): boolean {
  if (!flags.has("blocking") && !categories.has("blocking")) return false;
  if (name !== "xread" && name !== "xreadgroup") return true;
  // Names and ids follow STREAMS.
  for (let at = 1; at < words.count; at++) {
    const word = words.string(at, 8).toLowerCase();
    if (word === "block") return true;
    if (word === "streams") return false;
  }
  return false;
}
