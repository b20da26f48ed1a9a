/**
 * The time for which a client is served without a break before the others get a turn.
 *
 * @module
 */
import { turn } from "../core/event_loop.ts";
import type { Millis } from "../core/types.ts";

const SLICE: Millis = 1;

export class TimeSlice {
  #end: Millis = 0;

  /** Begins a slice: the others have just had a turn. */
  begin(now: Millis): void {
    this.#end = now + SLICE;
  }

  isOver(now: Millis): boolean {
    return now >= this.#end;
  }

  /** Gives the others a turn, and begins a slice. Resolves to the current time. */
  async yield(): Promise<Millis> {
    await turn();
    const now = performance.now();
    this.begin(now);
    return now;
  }
}
