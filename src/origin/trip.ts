/**
 * Flights that are read together, for one permit. Each is settled once, whatever happens.
 *
 * @module
 */
import type { ByteWindow } from "../core/byte_window.ts";
import type { Failure, Fetched, Flight, Key, Millis } from "../core/types.ts";

export class Trip {
  readonly keys: readonly Key[];
  /** The flights, without those that are settled: they may hold large values. */
  readonly #open: (Flight | null)[];
  /** Its large values that are under way. */
  readonly larges: Promise<void>[] = [];
  /** Its large values that wait for room. */
  waiting = 0;

  constructor(flights: readonly Flight[]) {
    this.keys = flights.map(({ key }) => key);
    this.#open = [...flights];
  }

  /** The bytes of its reads were written. */
  sent(now: Millis): void {
    for (const flight of this.#open) flight?.sent(now);
  }

  /** The only bytes that are wanted of a value of this length; null for all of it. */
  narrow(index: number, length: number): ByteWindow | null {
    return this.#open[index]?.narrow(length) ?? null;
  }

  settle(index: number, fetched: Fetched, now: Millis): void {
    const flight = this.#open[index]!;
    this.#open[index] = null;
    flight?.settled(fetched, now);
  }

  /** Settles all flights that are open; returns how many they were. */
  fail(failure: Failure, now: Millis): number {
    let count = 0;
    for (let index = 0; index < this.#open.length; index++) {
      if (this.#open[index] === null) continue;
      count++;
      this.settle(index, failure, now);
    }
    return count;
  }
}
