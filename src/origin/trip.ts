/**
 * Flights that are read together, for one permit. Each is settled once, whatever happens.
 *
 * @module
 */
import type { ByteWindow } from "../core/byte_window.ts";
import type { Failure, Fetched, Flight, Key, Millis } from "../core/types.ts";

export class Trip {
  /** The flights by index, without those that are settled: they may hold large values. */
  readonly #flights: (Flight | null)[];
  /** Those that need another step, which is under way. */
  readonly #later = new Set<number>();
  /** Its large values that are under way. */
  readonly larges: Promise<void>[] = [];
  /** Its large values that wait for room. */
  waiting = 0;

  constructor(flights: readonly Flight[]) {
    this.#flights = [...flights];
  }

  /** The indexes of the flights that are still to be read. */
  get open(): number[] {
    const indexes = [...this.#flights.keys()];
    return indexes.filter((index) => this.#flights[index] !== null && !this.#later.has(index));
  }

  keyOf(index: number): Key {
    return this.#flights[index]!.key;
  }

  /** The bytes of the reads of all that is open were written. */
  sent(now: Millis): void {
    for (const index of this.open) this.#flights[index]!.sent(now);
  }

  /** The only bytes that are wanted of a value of this length; null for all of it. */
  narrow(index: number, length: number): ByteWindow | null {
    return this.#flights[index]?.narrow(length) ?? null;
  }

  /** A flight needs another step, and somebody takes it. */
  defer(index: number): void {
    this.#later.add(index);
  }

  /** Settles a flight, unless that was done. */
  settle(index: number, fetched: Fetched, now: Millis): void {
    const flight = this.#flights[index]!;
    this.#flights[index] = null;
    flight?.settled(fetched, now);
  }

  /** Settles all flights that are still to be read; returns how many they were. */
  fail(failure: Failure, now: Millis): number {
    const { open } = this;
    for (const index of open) this.settle(index, failure, now);
    return open.length;
  }

  /** Settles all flights, those that need another step included; returns how many they were. */
  abandon(failure: Failure, now: Millis): number {
    this.#later.clear();
    return this.fail(failure, now);
  }
}
