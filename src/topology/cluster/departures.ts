/**
 * Has flights to the same node leave together: those of one turn of the event loop, whoever asked.
 * Most trips from the cache go to several nodes, and a trip costs as much as several keys.
 *
 * @module
 */
import type { Flight } from "../../core/types.ts";

/** A trip with this many flights leaves at once: Redis works on it while other requests are parsed. */
const TRIP_FLIGHTS = 16;

/** A node that reads. */
interface Reader {
  read(flights: readonly Flight[]): void;
}

export class Departures<Node extends Reader> {
  readonly #waiting = new Map<Node, Flight[]>();

  /** @param atEndOfTurn Runs something at the end of the turn of the event loop. */
  constructor(readonly atEndOfTurn: (run: () => void) => void = queueMicrotask) {}

  /** Adds a flight. It leaves at the end of the turn at the latest. */
  add(node: Node, flight: Flight): void {
    const group = this.#waiting.get(node);
    if (group !== undefined) {
      group.push(flight);
      return;
    }
    if (this.#waiting.size === 0) this.atEndOfTurn(() => this.#depart(1));
    this.#waiting.set(node, [flight]);
  }

  /** All flights of a trip from the cache are added: those leave that are enough for a trip. */
  added(): void {
    this.#depart(TRIP_FLIGHTS);
  }

  #depart(least: number): void {
    for (const [node, group] of this.#waiting) {
      if (group.length < least) continue;
      this.#waiting.delete(node);
      node.read(group);
    }
  }
}
