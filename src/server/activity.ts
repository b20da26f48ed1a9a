/**
 * The phase of a connection, and when it began. The connection and its writer change it; the server
 * reads it to judge whether the client takes too long.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";
import type { Phase } from "./protocol.ts";

export class Activity {
  #phase: Phase;
  #since: Millis = performance.now();

  constructor(phase: Phase) {
    this.#phase = phase;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** When the phase began, or when the client last made progress in it. */
  get since(): Millis {
    return this.#since;
  }

  /** Begins a phase. */
  enter(phase: Phase, now: Millis): void {
    this.#phase = phase;
    this.#since = now;
  }

  /** A request is being answered, which has no time limit, so this does not read the clock. */
  answer(): void {
    this.#phase = "answering";
  }

  /** The client has made progress in the current phase. */
  progress(now: Millis): void {
    this.#since = now;
  }
}
