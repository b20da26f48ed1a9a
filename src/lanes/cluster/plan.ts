/**
 * To which nodes of a cluster a command goes, and how their replies become one. Pure.
 *
 * Keys of one slot: to the node of the slot. Keys of several slots: a few commands are split by slot,
 * all others are refused as a node would. No keys: some go to all masters, the rest to any.
 *
 * @module
 */
import { keysOf } from "../../commands/keys.ts";
import type { CommandSpec, Words } from "../../commands/spec.ts";
import { slotOf, SLOTS } from "../../core/slot.ts";
import { concat, type Join, least, same, sum, sumByName, union } from "./joins.ts";

/** A part of a command: its words, and the slot of its keys. */
export interface Part {
  readonly slot: number;
  readonly words: readonly string[];
  /** Where the values of its keys belong in the reply. */
  readonly places: readonly number[];
}

export type Plan =
  | { readonly kind: "slot"; readonly slot: number }
  | { readonly kind: "any" }
  | { readonly kind: "split"; readonly parts: readonly Part[]; readonly join: Join | "values" }
  | { readonly kind: "all"; readonly join: Join }
  | { readonly kind: "scan" }
  | { readonly kind: "crossslot" };

/** Commands that are split, with the number of words for each key, and how replies are joined. */
const SPLIT = new Map<string, readonly [step: number, join: Join | "values"]>([
  ["mget", [1, "values"]],
  ["mset", [2, same]],
  ...["del", "unlink", "exists", "touch"].map((name) =>
    [name, [1, sum]] as [string, [number, Join]]
  ),
]);

/** Commands that go to all masters. */
const ALL = new Map<string, Join>([
  ["dbsize", sum],
  ["keys", concat],
  ...["flushall", "flushdb", "script|load", "script|flush", "script|kill", "function|load"]
    .concat("function|delete", "function|flush", "function|restore", "config|set")
    .concat("config|resetstat", "config|rewrite").map((name) => [name, same] as [string, Join]),
  ["script|exists", least],
  ["pubsub|channels", union],
  ["pubsub|shardchannels", union],
  ["pubsub|numsub", sumByName],
  ["pubsub|shardnumsub", sumByName],
  ["pubsub|numpat", sum],
]);

/** Whether a command of this name is split if its keys have several slots. */
export function isSplit(name: string): boolean {
  return SPLIT.has(name);
}

/** Whether a command of this name concerns all masters. */
export function isSpread(name: string): boolean {
  return ALL.has(name) || name === "scan" || name === "wait";
}

/** Commands that name a slot. Any node knows the error of a wrong one. */
const ABOUT_SLOT = new Set(["cluster|countkeysinslot", "cluster|getkeysinslot"]);

/** Plans a command. */
export function planOf(spec: CommandSpec | undefined, words: readonly string[]): Plan {
  if (spec === undefined) return { kind: "any" };
  const { name } = spec;
  const join = ALL.get(name);
  if (join !== undefined) return { kind: "all", join };
  if (name === "scan") return { kind: "scan" };
  const slots = new Set(slotsOf(spec, words));
  if (slots.size === 0) return { kind: "any" };
  if (slots.size === 1) return { kind: "slot", slot: [...slots][0]! };
  return split(name, words) ?? { kind: "crossslot" };
}

/** The slots of a command's keys, in their order. */
export function slotsOf(spec: CommandSpec, words: readonly string[]): number[] {
  return slotsIn(spec, { count: words.length, string: (at: number) => words[at]! });
}

/** The same, of words that need not all become strings. */
export function slotsIn(spec: CommandSpec, words: Words): number[] {
  if (!ABOUT_SLOT.has(spec.name)) return keysOf(spec, words).map(slotOf);
  const slot = words.count > 2 ? Number(words.string(2)) : 0;
  return [slot > 0 && slot < SLOTS ? slot : 0];
}

/** Splits a command by slot; undefined if it cannot be, or has too few words. */
function split(name: string, words: readonly string[]): Plan | undefined {
  const way = SPLIT.get(name);
  if (way === undefined) return undefined;
  const [step, join] = way;
  if ((words.length - 1) % step !== 0) return undefined;
  const parts = new Map<number, { slot: number; words: string[]; places: number[] }>();
  for (let at = 1; at < words.length; at += step) {
    const slot = slotOf(words[at]!);
    let part = parts.get(slot);
    if (part === undefined) parts.set(slot, part = { slot, words: [words[0]!], places: [] });
    part.words.push(...words.slice(at, at + step));
    part.places.push((at - 1) / step);
  }
  return { kind: "split", parts: [...parts.values()], join };
}
