/**
 * Lanes between a test and sockets that the test plays.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { CommandSpec } from "../../src/commands/spec.ts";
import { Passable, type Rewrite } from "../../src/lanes/passable.ts";
import type { ChangeLog } from "../../src/lanes/changes.ts";
import { request } from "./client.ts";

/** A specification of a command with one key, or none. */
export function specOf(name: string, flags: string, firstKey = 1): CommandSpec {
  return {
    name,
    arity: -1,
    flags: new Set(flags.split(" ")),
    categories: new Set(),
    keyRange: [firstKey, firstKey, firstKey],
    keySpecs: null,
    writtenAt: 0,
    keyAt: 0,
    writeSpecs: [],
    subcommands: new Map(),
  };
}

/** A request that passes, from its words. The server knows only the names listed here. */
export function passable(...words: string[]): Passable {
  return changed(null, ...words);
}

/** The same, with a change of its reply. */
export function changed(rewrite: Rewrite | null, ...words: string[]): Passable {
  const spec = SPECS.get(words[0]!.toLowerCase());
  const bytes = Buffer.from(request(...words), "latin1");
  const list = { count: words.length, string: (index: number) => words[index]! };
  return new Passable(bytes, spec, list, rewrite);
}

const SPECS = new Map([
  ...["set", "incr", "append"].map((name) => specOf(name, "write")),
  ...["get", "hgetall", "lrange"].map((name) => specOf(name, "readonly")),
  ...[
    "multi",
    "exec",
    "discard",
    "watch",
    "unwatch",
    "subscribe",
    "unsubscribe",
    "publish",
    "ping",
    "monitor",
  ]
    .map((name) => specOf(name, "fast", 0)),
  specOf("blpop", "write blocking"),
  specOf("eval", "noscript", 0),
  { ...specOf("eval_ro", "readonly noscript", 0), categories: new Set(["scripting"]) },
  specOf("flushall", "write", 0),
].map((spec) => [spec.name, spec]));

/** Records the changes that lanes report to the cache. */
export class FakeCache implements ChangeLog {
  readonly log: string[] = [];
  /** The result of a fence; a test can hold it back. */
  fenced: Promise<boolean> = Promise.resolve(true);

  invalidate(key: string): void {
    this.log.push(key);
  }

  flush(): void {
    this.log.push("(flush)");
  }

  fence(): Promise<boolean> {
    this.log.push("(fence)");
    return this.fenced;
  }
}
