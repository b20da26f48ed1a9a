/**
 * A budget of bytes with a queue: first come, first served, and nobody waits without bound. What is
 * larger than the whole budget is let in when next to nothing else is.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";

/** The part of the budget that may be held elsewhere while something too large for it is let in. */
const NEXT_TO_NOTHING = 1 / 8;

interface Waiter {
  readonly bytes: number;
  readonly settle: (isGranted: boolean) => void;
}

/** What others hold of the same budget. */
export interface Elsewhere {
  readonly bytes: number;
  /** Calls a listener each time that there are fewer bytes than before. */
  whenLess(listener: () => void): void;
}

const NOWHERE: Elsewhere = { bytes: 0, whenLess() {} };

export class ByteBudget {
  #held = 0;
  #queue: Waiter[] = [];

  /**
   * @param limit Bytes that may be held at once.
   * @param patience How long each may wait.
   * @param elsewhere What others hold of the budget.
   */
  constructor(
    readonly limit: number,
    readonly patience: Millis,
    readonly elsewhere: Elsewhere = NOWHERE,
  ) {
    elsewhere.whenLess(() => this.#admit());
  }

  /** The bytes that are held. */
  get held(): number {
    return this.#held;
  }

  /** The number of those who wait. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Waits until there is room, and takes it; false when that took too long. */
  acquire(bytes: number): Promise<boolean> {
    if (this.#queue.length === 0 && this.#fits(bytes)) {
      this.#held += bytes;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const waiter: Waiter = {
        bytes,
        settle: (isGranted) => {
          clearTimeout(limit);
          resolve(isGranted);
        },
      };
      const limit = setTimeout(() => {
        this.#queue.splice(this.#queue.indexOf(waiter), 1);
        resolve(false);
        this.#admit();
      }, this.patience);
      this.#queue.push(waiter);
    });
  }

  /** Gives room back. */
  release(bytes: number): void {
    this.#held -= bytes;
    this.#admit();
  }

  /** Lets in those for whom there is room. */
  #admit(): void {
    while (this.#queue.length > 0 && this.#fits(this.#queue[0]!.bytes)) {
      const { bytes, settle } = this.#queue.shift()!;
      this.#held += bytes;
      settle(true);
    }
  }

  #fits(bytes: number): boolean {
    const elsewhere = this.elsewhere.bytes;
    return this.#held + elsewhere + bytes <= this.limit ||
      (this.#held === 0 && elsewhere <= NEXT_TO_NOTHING * this.limit);
  }
}
