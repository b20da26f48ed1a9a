/**
 * Remembers of the last keys why they were not answered from the table.
 *
 * @module
 */
import type { Key } from "../core/types.ts";

/** Why a key was not answered from the table. */
export type MissReason =
  | "never kept"
  | "expired"
  | "evicted"
  | "invalidated"
  | "flushed"
  | "connection lost"
  | "lease lapsed"
  | "forced";

/** Places for keys, a power of two, and the longest key that is remembered: both bound the memory. */
const PLACES = 1024;
const KEY_BYTES = 256;

/**
 * A table without chains: a key takes the place of the one before it. Measured under misses against
 * a map that forgets its oldest key for each new one: a collection of V8's young generation takes a
 * seventh less.
 */
export class Reasons {
  readonly #keys: Key[] = new Array(PLACES).fill("");
  readonly #reasons: (MissReason | undefined)[] = new Array(PLACES).fill(undefined);

  get(key: Key): MissReason | undefined {
    const place = placeOf(key);
    return this.#keys[place] === key ? this.#reasons[place] : undefined;
  }

  set(key: Key, reason: MissReason): void {
    if (key.length > KEY_BYTES) return;
    const place = placeOf(key);
    this.#keys[place] = key;
    this.#reasons[place] = reason;
  }
}

/** Of the last characters, which differ the most: who finds keys that collide has nothing of it. */
function placeOf(key: Key): number {
  let hash = key.length;
  for (let at = Math.max(0, key.length - 16); at < key.length; at++) {
    hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0;
  }
  return (hash ^ hash >>> 15) & (PLACES - 1);
}
