/**
 * Remembers of the last keys why they were not answered from the table.
 *
 * @module
 */
import type { Key } from "../protocol.ts";

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

/** Keys that are remembered, and the longest of them: both bound the memory. */
const KEPT = 1024;
const KEY_BYTES = 256;

export class Reasons {
  /** In the order in which they were noted first. */
  readonly #reasons = new Map<Key, MissReason>();

  get(key: Key): MissReason | undefined {
    return this.#reasons.get(key);
  }

  set(key: Key, reason: MissReason): void {
    if (key.length > KEY_BYTES) return;
    this.#reasons.set(key, reason);
    if (this.#reasons.size <= KEPT) return;
    for (const oldest of this.#reasons.keys()) {
      this.#reasons.delete(oldest);
      break;
    }
  }
}
