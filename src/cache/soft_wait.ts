/**
 * Waits for work for a limited time, if the caller has another answer. The work goes on.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";

/** Runs a function after a delay. The returned function cancels it. */
export type After = (delay: Millis, run: () => void) => () => void;

const byTimer: After = (delay, run) => {
  const timer = setTimeout(run, delay);
  return () => clearTimeout(timer);
};

export class SoftWait {
  /** @param limit How long to wait; Infinity for no limit. */
  constructor(readonly limit: Millis, readonly after: After = byTimer) {}

  /** Resolves to the result of the work, or to undefined at the limit. The work must not reject. */
  within<T>(work: PromiseLike<T>): PromiseLike<T | undefined> {
    if (this.limit === Infinity) return work;
    return new Promise((resolve) => {
      const cancel = this.after(this.limit, () => resolve(undefined));
      work.then((result) => {
        cancel();
        resolve(result);
      });
    });
  }
}
