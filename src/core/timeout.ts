/**
 * A moment in the future to wait for, beside other things.
 *
 * @module
 */
import type { Millis } from "./types.ts";

/** Resolves after a time, unless it is disposed of before. */
export class Timeout implements Disposable {
  /** Whether the time is over. */
  isOver = false;
  /** Resolves when the time is over. */
  readonly over: Promise<null>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Begins the wait.
   *
   * @param after How long it takes.
   */
  constructor(after: Millis) {
    this.over = new Promise((resolve) => {
      this.#timer = setTimeout(() => {
        this.isOver = true;
        resolve(null);
      }, after);
    });
  }

  /** Ends the wait without a result. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
