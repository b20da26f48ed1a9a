/**
 * A counting semaphore with a bounded queue: first come, first served. A freed permit goes to the
 * longest waiter, and every wait is bounded.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";

/** The result of `acquire`: a permit, or why there is none. */
export type Admission = "granted" | "full" | "late";

interface Waiter {
  readonly deadline: Millis;
  readonly settle: (admission: Admission) => void;
}

/** Bounds of a semaphore. */
export interface SemaphoreOptions {
  /** The number of permits. */
  readonly permits: number;
  /** The most waiters. */
  readonly waiters: number;
  /** The longest wait. */
  readonly patience: Millis;
}

export class Semaphore {
  #free: number;
  /** Waiters in order of arrival, and so of their deadlines. Those before `#head` are done. */
  #queue: Waiter[] = [];
  #head = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly options: SemaphoreOptions) {
    this.#free = options.permits;
  }

  /** The number of held permits. */
  get held(): number {
    return this.options.permits - this.#free;
  }

  /** The number of waiters. */
  get waiting(): number {
    return this.#queue.length - this.#head;
  }

  /** Whether a permit is free. */
  get hasRoom(): boolean {
    return this.#free > 0;
  }

  /** Takes a permit if one is free, without waiting. */
  tryAcquire(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** Waits for a permit. Resolves to "full" at once, or to "late" at the deadline, without one. */
  acquire(): Promise<Admission> {
    if (this.tryAcquire()) return Promise.resolve("granted");
    if (this.waiting >= this.options.waiters) return Promise.resolve("full");
    return new Promise((settle) => {
      this.#queue.push({ deadline: performance.now() + this.options.patience, settle });
      this.#timer ??= setTimeout(() => this.#dismissLate(), this.options.patience);
    });
  }

  /** Returns a permit. */
  release(): void {
    const waiter = this.#shift();
    if (waiter === undefined) this.#free++;
    else waiter.settle("granted");
  }

  /** Ends all waits. */
  close(): void {
    while (this.waiting > 0) this.#shift()!.settle("late");
  }

  #shift(): Waiter | undefined {
    if (this.waiting === 0) return undefined;
    const waiter = this.#queue[this.#head++];
    if (this.#head === this.#queue.length || this.#head > 1024) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
    if (this.waiting === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    return waiter;
  }

  #dismissLate(): void {
    this.#timer = undefined;
    const now = performance.now();
    while (this.waiting > 0 && this.#queue[this.#head]!.deadline <= now) {
      this.#shift()!.settle("late");
    }
    if (this.waiting === 0) return;
    const wait = this.#queue[this.#head]!.deadline - now;
    this.#timer = setTimeout(() => this.#dismissLate(), Math.max(1, wait));
  }
}
