/**
 * Flights that are read together, with one permit. Each flight is settled exactly once.
 *
 * @module
 */
import type { ByteWindow } from "../core/byte_window.ts";
import type { Failure, Fetched, Flight, Key, Millis } from "../core/types.ts";

export class Trip {
  /** The open flights by index. Settled ones are dropped, because they may hold large values. */
  readonly #flights: (Flight | null)[];
  /** The flights that need another step, which is in flight. */
  readonly #later = new Set<number>();
  /** The in-flight reads of its large values. */
  readonly larges: Promise<void>[] = [];
  /** The number of its large values that wait for room. */
  waiting = 0;

  constructor(flights: readonly Flight[]) {
    this.#flights = [...flights];
  }

  /** The indexes of the flights to read. */
  get open(): number[] {
    const indexes = [...this.#flights.keys()];
    return indexes.filter((index) => this.#flights[index] !== null && !this.#later.has(index));
  }

  keyOf(index: number): Key {
    return this.#flights[index]!.key;
  }

  /** Notes that the requests for all open flights are written. */
  sent(now: Millis): void {
    for (const index of this.open) this.#flights[index]!.sent(now);
  }

  /** Returns the wanted bytes of a value of this length; null for all. */
  narrow(index: number, length: number): ByteWindow | null {
    return this.#flights[index]?.narrow(length) ?? null;
  }

  /** Notes that a flight needs another step. */
  defer(index: number): void {
    this.#later.add(index);
  }

  /** Settles a flight, unless it is already settled. */
  settle(index: number, fetched: Fetched, now: Millis): void {
    const flight = this.#flights[index]!;
    this.#flights[index] = null;
    flight?.settled(fetched, now);
  }

  /** Settles all flights that are still to be read, and returns their number. */
  fail(failure: Failure, now: Millis): number {
    const { open } = this;
    for (const index of open) this.settle(index, failure, now);
    return open.length;
  }

  /** Settles all flights, also those that need another step, and returns their number. */
  abandon(failure: Failure, now: Millis): number {
    this.#later.clear();
    return this.fail(failure, now);
  }
}
