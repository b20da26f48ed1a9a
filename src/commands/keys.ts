/**
 * The keys that a command writes, found in its arguments by the key specifications of the server.
 * The cache drops them when the reply comes.
 *
 * Source: https://redis.io/docs/latest/develop/reference/key-specs/
 *
 * @module
 */
import type { CommandSpec, KeySpec, Words } from "./spec.ts";

/** The changes that a command may have made by the time of its reply. */
export interface Written {
  /** The keys that it names. */
  readonly keys: readonly string[];
  /** Its other possible changes: none, keys that it does not name, or every key. */
  readonly beyond: "nothing" | "unnamed" | "everything";
}

export const NOTHING_WRITTEN: Written = { keys: [], beyond: "nothing" };
const UNNAMED: Written = { keys: [], beyond: "unnamed" };
const EVERYTHING: Written = { keys: [], beyond: "everything" };

const RESTORE_ASKING = "restore-asking";

/** Commands that may change every key. */
const CHANGES_EVERYTHING = new Set([
  ...["flushall", "flushdb", "swapdb", "sflush", "debug", "replicaof", "slaveof", "failover"],
  ...["cluster|flushslots", "cluster|reset", "cluster|replicate", "cluster|failover"],
  ...["module|load", "module|loadex", "module|unload", RESTORE_ASKING],
]);

/** Commands that may change keys that their arguments do not name. */
const CHANGES_UNNAMED = new Set(["eval", "evalsha", "fcall", "exec"]);

/** Commands that have the flag `write`, but change no key. */
const CHANGES_NO_KEY = new Set([
  ...["function|load", "function|delete", "function|flush", "function|restore"],
  ...["script|load", "script|flush"],
]);

/** Returns the changes that a command with these arguments may have made. */
export function writtenBy(spec: CommandSpec | undefined, words: Words): Written {
  if (spec === undefined) return UNNAMED;
  const { name, flags, writtenAt } = spec;
  // Most commands that pass write one key, and need no further look.
  if (writtenAt > 0 && writtenAt < words.count && name !== RESTORE_ASKING) {
    return { keys: [words.string(writtenAt)], beyond: "nothing" };
  }
  if (isPureRead(spec)) return NOTHING_WRITTEN;
  if (CHANGES_EVERYTHING.has(name)) return EVERYTHING;
  if (CHANGES_NO_KEY.has(name)) return NOTHING_WRITTEN;
  const keys: string[] = [];
  const isComplete = spec.keySpecs === null
    ? addByRange(spec, words, keys)
    : addBySpecs(spec, words, keys);
  const isWrite = flags.has("write");
  if (CHANGES_UNNAMED.has(name) || (isWrite && !isComplete)) return { keys, beyond: "unnamed" };
  // A command of a module without keys may write any key.
  if (flags.has("module") && !flags.has("readonly") && keys.length === 0) return UNNAMED;
  return keys.length === 0 && !isWrite ? NOTHING_WRITTEN : { keys, beyond: "nothing" };
}

/** Commands whose keys are counted by their second argument, for servers without specifications. */
const COUNTED = new Set(["eval", "evalsha", "eval_ro", "evalsha_ro", "fcall", "fcall_ro"]);

/** Returns the keys that a command names, read or written, sharded channels included. */
export function keysOf(spec: CommandSpec, words: Words): string[] {
  const keys: string[] = [];
  if (spec.keySpecs === null) {
    if (COUNTED.has(spec.name)) addCounted({ countAt: 0, first: 1, step: 1 }, 2, words, keys);
    else addRange(spec, words, keys);
    return keys;
  }
  for (const one of spec.keySpecs) {
    if (one.search.type !== "unknown" && one.find.type !== "unknown") addBySpec(one, words, keys);
    else if (spec.name === "sort") addStores(words, keys);
  }
  return keys;
}

function isPureRead({ flags, keySpecs, writeSpecs }: CommandSpec): boolean {
  return flags.has("readonly") && keySpecs !== null && writeSpecs.length === 0;
}

/** Adds the written keys of all specifications; false if some keys cannot be found. */
function addBySpecs(spec: CommandSpec, words: Words, keys: string[]): boolean {
  let isComplete = true;
  for (const one of spec.writeSpecs) {
    if (one.search.type === "unknown" || one.find.type === "unknown") {
      // SORT is the only command of Redis whose destination no specification finds.
      isComplete = spec.name === "sort" && addStores(words, keys) && isComplete;
    } else {
      isComplete = addBySpec(one, words, keys) && isComplete;
    }
  }
  return isComplete;
}

function addBySpec({ search, find }: KeySpec, words: Words, keys: string[]): boolean {
  for (const begin of beginsOf(search, words)) {
    if (find.type === "range") {
      const last = lastOf(find, begin, words.count);
      for (let at = begin; at <= last; at += find.step) keys.push(words.string(at));
    } else if (find.type === "keynum") {
      addCounted(find, begin, words, keys);
    } else {
      return false;
    }
  }
  return true;
}

/** Adds keys whose number is an argument. Redis refuses a wrong number. */
function addCounted(
  { countAt, first, step }: { countAt: number; first: number; step: number },
  begin: number,
  words: Words,
  keys: string[],
): void {
  const count = begin + countAt < words.count ? Number(words.string(begin + countAt, 16)) : 0;
  for (let index = 0; index < count; index++) {
    const at = begin + first + index * step;
    if (at >= words.count) return;
    keys.push(words.string(at));
  }
}

/**
 * Returns the arguments at which keys begin; none if an optional keyword is absent. A repeated
 * keyword counts each time, because commands differ in which one they use.
 */
function beginsOf(search: KeySpec["search"], words: Words): number[] {
  if (search.type === "index") {
    const at = search.index < 0 ? words.count + search.index : search.index;
    return at > 0 && at < words.count ? [at] : [];
  }
  const begins: number[] = [];
  if (search.type !== "keyword") return begins;
  const { keyword, startFrom } = search;
  const first = startFrom < 0 ? 1 : startFrom;
  for (let at = first; at > 0 && at + 1 < words.count; at++) {
    if (words.string(at, 16).toLowerCase() === keyword) begins.push(at + 1);
  }
  return begins;
}

function lastOf(
  { last, limit }: { last: number; limit: number },
  begin: number,
  count: number,
): number {
  if (last >= 0) return Math.min(begin + last, count - 1);
  // A limit of n means that the first n-th part of the arguments are keys: in XREAD, as many ids
  // follow.
  if (last === -1 && limit > 1) return begin + Math.floor((count - begin) / limit) - 1;
  return count + last;
}

/**
 * Adds the destinations of SORT: every argument after STORE, which may also be the name of a key.
 */
function addStores(words: Words, keys: string[]): true {
  for (let at = 2; at + 1 < words.count; at++) {
    if (words.string(at, 8).toLowerCase() === "store") keys.push(words.string(at + 1));
  }
  return true;
}

/** Before Redis 7.0, COMMAND gives only a range of arguments, which misses movable keys. */
function addByRange({ name, flags, keyRange }: CommandSpec, words: Words, keys: string[]): boolean {
  if (!flags.has("write") && !CHANGES_UNNAMED.has(name) && name !== "pfcount") return true;
  addRange({ keyRange }, words, keys);
  return !flags.has("movablekeys");
}

function addRange({ keyRange }: Pick<CommandSpec, "keyRange">, words: Words, keys: string[]): void {
  const [first, last, step] = keyRange;
  const end = last < 0 ? words.count + last : Math.min(last, words.count - 1);
  if (first > 0 && step > 0) {
    for (let at = first; at <= end; at += step) keys.push(words.string(at));
  }
}
