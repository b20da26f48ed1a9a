/**
 * The commands of one client for one slot that could not be executed where they were sent. They go
 * on one after the other, in the order in which the client sent them.
 *
 * @module
 */
import { turn } from "../../core/event_loop.ts";

/** The place of a command. */
export interface HeldPlace {
  /** Whether another command was there before. */
  readonly isBehind: boolean;
  /** Resolves when the command may go on. */
  readonly turn: Promise<void>;
  /** The command has ended: the next one goes on. */
  leave(): void;
}

interface Place extends HeldPlace {
  readonly order: number;
  go(): void;
}

export class SlotQueue {
  /** In order. */
  readonly #places: Place[] = [];
  #current: Place | null = null;
  #gates = 0;

  /** @param onEmpty Called once nothing waits, and nothing is to come. */
  constructor(readonly onEmpty: () => void) {}

  /**
   * Lets no command go on until a promise resolves: until then, earlier commands may come. It must
   * not reject.
   */
  hold(gate: Promise<void>): void {
    this.#gates++;
    // Commands whose replies came together with the last one join before. The first turn may be one
    // that began earlier.
    gate.then(turn).then(turn).then(() => {
      this.#gates--;
      this.#next();
    });
  }

  /** @param order Its number in the order of all commands. */
  join(order: number): HeldPlace {
    const { promise, resolve } = Promise.withResolvers<void>();
    const isBehind = this.#places.length > 0;
    const place: Place = {
      ...{ order, isBehind, turn: promise, go: resolve },
      leave: () => this.#leave(place),
    };
    const at = this.#places.findLastIndex((one) => one.order <= order) + 1;
    this.#places.splice(at, 0, place);
    return place;
  }

  #leave(place: Place): void {
    const at = this.#places.indexOf(place);
    if (at < 0) return;
    this.#places.splice(at, 1);
    if (this.#current === place) this.#current = null;
    this.#next();
  }

  #next(): void {
    if (this.#gates > 0 || this.#current !== null) return;
    const [first] = this.#places;
    if (first === undefined) return this.onEmpty();
    this.#current = first;
    first.go();
  }
}
