/**
 * Measures how late the event loop runs due work. Every client waits at least this long.
 *
 * @module
 */
import { Histogram } from "../core/histogram.ts";
import type { Millis } from "../core/types.ts";

/** How often the lag is measured. */
const PERIOD: Millis = 250;

export class LoopLag {
  readonly histogram = new Histogram();
  #due: Millis;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(readonly clock: () => Millis = () => performance.now()) {
    this.#due = clock() + PERIOD;
    this.#timer = setInterval(() => this.measure(), PERIOD);
    Deno.unrefTimer(this.#timer);
  }

  /** Counts how late this call is. */
  measure(): void {
    const now = this.clock();
    this.histogram.observe(Math.max(0, now - this.#due));
    this.#due = now + PERIOD;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
