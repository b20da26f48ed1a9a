/**
 * Waits for work only so long, for one who has something else to answer with. The work goes on.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";

/** Runs something after a while; what it returns calls that off. */
export type After = (delay: Millis, run: () => void) => () => void;

const byTimer: After = (delay, run) => {
  const timer = setTimeout(run, delay);
  return () => clearTimeout(timer);
};

export class SoftWait {
  /** @param limit How long to wait; Infinity for as long as it takes. */
  constructor(readonly limit: Millis, readonly after: After = byTimer) {}

  /** What the work comes to; undefined when that takes longer. It must not reject. */
  within<T>(work: Promise<T>): Promise<T | undefined> {
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
