/**
 * An entry: what the cache keeps of one key, with the marks that tell whether it still holds.
 *
 * @module
 */
import type { Millis, Note, Value } from "../core/types.ts";

/** The marks of an entry. */
export interface Marks {
  /** When the read that brought it was sent: it is no older. */
  readonly validFrom: Millis;
  /** Until when it may be answered without asking the origin. */
  readonly freshUntil: Millis;
  /** From when on a hit reads the key again in the background. */
  readonly refreshAt: Millis;
  /** When Redis itself deletes the key; the entry is never answered after that. */
  readonly expiresAt: Millis;
  /** The lifetime of the pair of connections that it was read over: 32 bits. */
  readonly epoch: number;
  /** The number of flushes before it was read: 32 bits. */
  readonly generation: number;
}

/** An entry as the store hands it out; valid until the store is next asked for one. */
export interface Entry extends Marks, Note {
  /** The bytes, which never change. They stay valid. */
  readonly value: Value;
  /** Whether it says that the key does not exist; then it has no bytes. */
  readonly isAbsence: boolean;
  /** Returns the same entry in a form that stays valid. */
  keep(): Entry;
}
