/**
 * One attempt to read flights of a trip. It settles them as their replies come, and notes the result.
 *
 * @module
 */
import { isTrouble } from "../core/redis_errors.ts";
import { Failure, type Fetched, type Key, type Millis } from "../core/types.ts";
import { LARGE, type Read, type ReadListener, UNSURE } from "./reading.ts";
import type { Trip } from "./trip.ts";

/** Why an attempt broke off, and the first flight without a reply. */
export interface Break {
  readonly index: number;
  readonly error: Error;
}

export class Attempt implements ReadListener {
  readonly keys: readonly Key[];
  /** Bytes of values that came. */
  bytes = 0;
  /** Whether a value was too large to come. */
  isShort = false;
  /** The number of keys for which Redis replied with an error. */
  failures = 0;
  /** The failure to answer, or "not now" from Redis; null for none. */
  trouble: Failure | null = null;
  /** Whether Redis answered for any key. */
  isAnswered = false;
  readonly #over = Promise.withResolvers<Break | null>();

  /**
   * @param indexes The flights.
   * @param now Returns when the current replies came, with one clock reading for many.
   * @param later Reads a value that needs another step. Called with the flight's index.
   */
  constructor(
    readonly trip: Trip,
    readonly indexes: readonly number[],
    readonly now: () => Millis,
    readonly later: (index: number, read: typeof LARGE | typeof UNSURE) => void,
  ) {
    this.keys = indexes.map((index) => trip.keyOf(index));
  }

  /** Resolves at the end of the attempt: to null, or to what broke it off. Never rejects. */
  get over(): Promise<Break | null> {
    return this.#over.promise;
  }

  found(at: number, read: Read): void {
    const index = this.indexes[at]!;
    if (read === LARGE || read === UNSURE) {
      this.isAnswered = true;
      this.isShort ||= read === LARGE;
      this.later(index, read);
    } else {
      this.#note(read);
      this.trip.settle(index, read, this.now());
    }
    if (at === this.indexes.length - 1) this.#over.resolve(null);
  }

  lost(at: number, error: Error): void {
    this.#over.resolve({ index: this.indexes[at]!, error });
  }

  #note(fetched: Fetched): void {
    if (isTrouble(fetched)) this.trouble = fetched;
    else this.isAnswered = true;
    if (fetched instanceof Failure) this.failures++;
    else if (fetched !== null) this.bytes += fetched.value.length;
  }
}
