/**
 * What a store keeps beside a key and its value, and how it hands it out.
 *
 * @module
 */
import type { Key, Millis, Value } from "../../core/types.ts";

/** The marks of an entry, which tell whether it still holds. */
export interface Marks {
  readonly validFrom: Millis;
  readonly freshUntil: Millis;
  readonly refreshAt: Millis;
  readonly expiresAt: Millis;
  /** Integers of 32 bits. */
  readonly epoch: number;
  readonly generation: number;
}

/** An entry. */
export interface Kept extends Marks {
  value: Value;
}

/** An entry as it was found; it tells of this one until the next is looked for. */
export interface Spot extends Marks {
  /** Its value. Whoever takes it has used the entry, and keeps it from leaving next. */
  take(): Value;
}

/** What a store needs to know of its entries. */
export interface Keeping<E extends Kept> {
  /** Makes an entry of its parts. */
  make(key: Key, marks: Marks, value: Value): E;
  /** Called for each entry that left for want of room. */
  evicted(key: Key): void;
}
