/**
 * An entry as an object of its own.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Key, Millis, Value } from "../../core/types.ts";
import { ownBytes } from "../../core/memory.ts";
import type { Entry, Marks } from "../entry.ts";
import type { CacheKey } from "../key.ts";
import { isSame4 } from "./segment.ts";

/** The measured overhead of an entry, without the bytes of its key and value, in bytes. */
export const ENTRY_OVERHEAD_BYTES = 600;

/** A value up to this size shares one piece of memory with its key, in bytes. */
const SMALL_BYTES = 8192;

export class RecentEntry implements Entry {
  note: string | null = null;
  /** The index of its last use among the uses that `LRUCache` does not know yet. */
  lastUse = -1;
  readonly key: Buffer;
  readonly hash: number;
  readonly value: Value;
  readonly validFrom: Millis;
  readonly freshUntil: Millis;
  readonly refreshAt: Millis;
  readonly expiresAt: Millis;
  readonly epoch: number;
  readonly generation: number;

  /** @param place Its place in the store. */
  constructor(
    { text, hash }: CacheKey,
    value: Value,
    readonly isAbsence: boolean,
    marks: Marks,
    readonly place: number,
  ) {
    const isSmall = value.length <= SMALL_BYTES;
    const at = isSmall ? value.length : 0;
    const memory = new ArrayBuffer(at + text.length);
    this.value = isSmall ? copied(value, memory) : ownBytes(value);
    this.key = Buffer.from(memory, at, text.length);
    for (let index = 0; index < text.length; index++) this.key[index] = text.charCodeAt(index);
    this.hash = hash;
    this.validFrom = marks.validFrom;
    this.freshUntil = marks.freshUntil;
    this.refreshAt = marks.refreshAt;
    this.expiresAt = marks.expiresAt;
    this.epoch = marks.epoch;
    this.generation = marks.generation;
  }

  keep(): Entry {
    return this;
  }

  get text(): Key {
    return this.key.toString("latin1");
  }

  /** Its cost, in bytes. */
  get size(): number {
    return this.key.length + this.value.length + ENTRY_OVERHEAD_BYTES;
  }
}

function copied(value: Value, memory: ArrayBuffer): Value {
  const copy = new Uint8Array(memory, 0, value.length);
  copy.set(value);
  return copy;
}

/** The cost of an entry, in bytes. */
export function sizeOf(key: Key, value: Value): number {
  return key.length + value.length + ENTRY_OVERHEAD_BYTES;
}

/** Whether a key equals the bytes `[from, to)`. */
export function hasBytes(key: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  const { length } = key;
  if (length !== to - from) return false;
  const rest = length & ~3;
  for (let at = 0; at < rest; at += 4) if (!isSame4(key, at, bytes, from + at)) return false;
  for (let at = rest; at < length; at++) if (key[at] !== bytes[from + at]) return false;
  return true;
}

/** Whether a key equals this text. */
export function hasText(key: Uint8Array, text: Key): boolean {
  if (key.length !== text.length) return false;
  for (let at = 0; at < text.length; at++) if (key[at] !== text.charCodeAt(at)) return false;
  return true;
}
