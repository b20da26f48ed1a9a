/**
 * Looks at some of the lookups of the cache. A hit decides with two comparisons whether it is one of
 * them.
 *
 * @module
 */
import type { Buffer } from "node:buffer";

/** What watches lookups. */
export interface LookupWatch {
  /** Lookups until the next one to look at. The cache counts down, `saw` starts again. */
  left: number;
  /** A lookup whose hash has no bit in this mask is always looked at. */
  readonly mask: number;
  /**
   * Called for a lookup to look at.
   *
   * @param bytes The buffer that holds the key in `[from, to)` until this returns.
   * @param size The bytes of the answer, if there is one already.
   */
  saw(bytes: Buffer, from: number, to: number, hash: number, isHit: boolean, size: number): void;
}

/** Watches nothing. */
export const NO_WATCH: LookupWatch = {
  left: 2 ** 30,
  mask: -1,
  saw() {
    this.left = 2 ** 30;
  },
};
