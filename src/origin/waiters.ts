/**
 * Those who wait for an attempt to connect, but not longer than Redis may stay silent.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";

export class Waiters<T> {
  #waiting: ((result: T) => void)[] = [];
  #patience: ReturnType<typeof setTimeout> | undefined;

  /** @param onSilence Called if the first of them has waited for too long. It wakes them. */
  constructor(readonly timeout: Millis, readonly onSilence: () => void) {}

  wait(): Promise<T> {
    this.#patience ??= setTimeout(this.onSilence, this.timeout);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  wake(result: T): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake(result);
  }
}
