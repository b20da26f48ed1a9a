/**
 * A budget of bytes with a queue: first come, first served, and every wait is bounded. A request that
 * is larger than the whole budget gets its turn when almost nothing else is held.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";

/** The part of the budget that others may hold when a too large request gets its turn. */
const NEXT_TO_NOTHING = 1 / 8;

interface Waiter {
  readonly bytes: number;
  readonly settle: (isGranted: boolean) => void;
}

/** The bytes that others hold of the same budget. */
export interface Elsewhere {
  readonly bytes: number;
  /** Calls a listener each time the number of bytes becomes smaller. */
  whenLess(listener: () => void): void;
}

const NOWHERE: Elsewhere = { bytes: 0, whenLess() {} };

export class ByteBudget {
  #held = 0;
  #queue: Waiter[] = [];

  /**
   * @param limit The most bytes to hold at once.
   * @param patience How long a request may wait.
   * @param elsewhere The bytes that others hold of the budget.
   */
  constructor(
    readonly limit: number,
    readonly patience: Millis,
    readonly elsewhere: Elsewhere = NOWHERE,
  ) {
    elsewhere.whenLess(() => this.#admit());
  }

  /** The bytes that are held here. */
  get held(): number {
    return this.#held;
  }

  /** The number of waiting requests. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Waits for room and takes it; false if that takes too long. */
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

  /** Returns room. */
  release(bytes: number): void {
    this.#held -= bytes;
    this.#admit();
  }

  /** Gives the free room to waiting requests. */
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
