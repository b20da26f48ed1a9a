/**
 * An entry: a value or an absence in the cache, with the marks that decide whether it still holds.
 *
 * @module
 */
import type { Millis, Note, Value } from "../core/types.ts";

/** The marks of an entry. */
export interface Marks {
  /** When the read that fetched it was sent. The value is not older than that. */
  readonly validFrom: Millis;
  /** Until when it may be served without a read of the origin. */
  readonly freshUntil: Millis;
  /** From then on, a hit reads the key again in the background. */
  readonly refreshAt: Millis;
  /** When Redis deletes the key. The entry is never served after that. */
  readonly expiresAt: Millis;
  /** The epoch in which it was read: 32 bits. */
  readonly epoch: number;
  /** The generation in which it was read: 32 bits. */
  readonly generation: number;
}

/** An entry as the store returns it. It is valid until the next call of the store. */
export interface Entry extends Marks, Note {
  /** The bytes. They never change and stay valid. */
  readonly value: Value;
  /** Whether the key does not exist. Then the entry has no bytes. */
  readonly isAbsence: boolean;
  /** Returns the same entry as an object that stays valid. */
  keep(): Entry;
}
