/**
 * A limit on repeated log lines: a client or a fault that repeats itself must not fill the disk or
 * hide other events.
 *
 * @module
 */
import type { Millis } from "./types.ts";

/** The lines of one event that are written in a period; further ones are only counted. */
export interface LogBound {
  /** Lines in a period. */
  readonly lines: number;
  /** The length of a period. */
  readonly period: Millis;
}

/** The bound of the program's log. */
export const LOG_BOUND: LogBound = { lines: 10, period: 10_000 };

/** One event's lines in its current period. */
interface Repeats {
  readonly since: Millis;
  lines: number;
  timer?: ReturnType<typeof setTimeout>;
}

/** Counts the lines of each event. */
export class LogLimit {
  readonly #repeats = new Map<string, Repeats>();

  /**
   * Makes a limit.
   *
   * @param onEnd Called at the end of a period in which lines were left out.
   */
  constructor(
    readonly bound: LogBound,
    readonly onEnd: (event: string, leftOut: number) => void,
  ) {}

  /** Returns whether a line of an event may be written, and counts it. */
  take(event: string, now: Millis = performance.now()): boolean {
    const { lines, period } = this.bound;
    let repeats = this.#repeats.get(event);
    if (repeats === undefined || now - repeats.since >= period) {
      this.#end(event);
      repeats = { since: now, lines: 0 };
      this.#repeats.set(event, repeats);
    }
    repeats.lines++;
    if (repeats.lines === lines + 1) {
      repeats.timer = setTimeout(() => this.#end(event), repeats.since + period - now);
      // An unreported count must not keep the process alive.
      Deno.unrefTimer(repeats.timer);
    }
    return repeats.lines <= lines;
  }

  /** Ends all periods, and reports their counts. */
  flush(): void {
    for (const event of [...this.#repeats.keys()]) this.#end(event);
  }

  #end(event: string): void {
    const repeats = this.#repeats.get(event);
    if (repeats === undefined) return;
    clearTimeout(repeats.timer);
    this.#repeats.delete(event);
    const leftOut = repeats.lines - this.bound.lines;
    if (leftOut > 0) this.onEnd(event, leftOut);
  }
}
