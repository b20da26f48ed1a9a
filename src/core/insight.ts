/**
 * What the lookups show of the keys and of the cache's size.
 *
 * @module
 */
import type { Key } from "./types.ts";

/** A key that is read often. */
export interface HotKey {
  /** Its bytes, as code units 0 to 255. */
  readonly key: Key;
  /** Lookups per second. */
  readonly rate: number;
  /** Bytes of values per second. */
  readonly bytes: number;
  /** The part of the lookups that were hits, from 0 to 1. */
  readonly hitShare: number;
  /** The node that owns it, in a cluster; null without one. */
  readonly node: string | null;
}

/** How many reads of Redis the cache saves: parts of all lookups, from 0 to 1. */
export interface Savings {
  /** With its room as it is. */
  readonly now: number;
  /** With half of its room, estimated. */
  readonly withHalf: number;
  /** With twice its room, estimated. */
  readonly withDouble: number;
}

/** For PROXY HOTKEYS, PROXY WHATIF and the live page. */
export interface Insight {
  /** The keys that are read most. */
  top(count: number): readonly HotKey[];
  /** What the cache saves; null while too little is known. */
  savings(): Savings | null;
}
