/**
 * Decides which flights leave together, in one trip to the origin. If each flight made a trip of
 * its own, a miss would take twice the time.
 *
 * @module
 */
import type { Flight, Origin } from "../core/types.ts";

/** Runs something at the end of the turn of the event loop. */
export type AtEndOfTurn = (run: () => void) => void;

/**
 * A trip with this many flights leaves at once: Redis works on it while we parse other requests.
 */
const TRIP_FLIGHTS = 16;

export class Boarding {
  #flights: Flight[] = [];
  #isHeld = false;

  constructor(readonly origin: Origin, readonly atEndOfTurn: AtEndOfTurn = queueMicrotask) {}

  /**
   * Adds a flight. It leaves at the end of the turn at the latest, and may land before `add`
   * returns.
   */
  add(flight: Flight): void {
    const count = this.#flights.push(flight);
    if (this.#isHeld) return;
    if (count === 1) this.atEndOfTurn(() => this.#depart());
    else if (count === TRIP_FLIGHTS) this.#depart();
  }

  /** Makes all flights that begin in `work` leave in one trip, however many they are. */
  together<T>(work: () => T): T {
    const others = this.#flights;
    this.#flights = [];
    this.#isHeld = true;
    try {
      return work();
    } finally {
      this.#isHeld = false;
      this.#depart();
      this.#flights = others;
    }
  }

  #depart(): void {
    const flights = this.#flights;
    if (flights.length === 0) return;
    this.#flights = [];
    this.origin.read(flights);
  }
}
