/**
 * A counting semaphore with a bounded queue: first come, first served, a freed permit goes straight
 * to the longest waiter, and nobody waits without bound.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";

/** How an `acquire` ended: with a permit, or why without. */
export type Admission = "granted" | "full" | "late";

interface Waiter {
  readonly deadline: Millis;
  readonly settle: (admission: Admission) => void;
}

/** Bounds of a semaphore. */
export interface SemaphoreOptions {
  /** How many may hold a permit at once. */
  readonly permits: number;
  /** How many may wait for one. */
  readonly waiters: number;
  /** How long each may wait. */
  readonly patience: Millis;
}

export class Semaphore {
  #free: number;
  /** Waiters in order of arrival, and so of their deadlines; those before `#head` are done. */
  #queue: Waiter[] = [];
  #head = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly options: SemaphoreOptions) {
    this.#free = options.permits;
  }

  /** The number of permits that are held. */
  get held(): number {
    return this.options.permits - this.#free;
  }

  /** The number of those who wait. */
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

  /** Waits for a permit; settles as "full" at once or "late" in the end when there is none. */
  acquire(): Promise<Admission> {
    if (this.tryAcquire()) return Promise.resolve("granted");
    if (this.waiting >= this.options.waiters) return Promise.resolve("full");
    return new Promise((settle) => {
      this.#queue.push({ deadline: performance.now() + this.options.patience, settle });
      this.#timer ??= setTimeout(() => this.#dismissLate(), this.options.patience);
    });
  }

  /** Gives a permit back. */
  release(): void {
    const waiter = this.#shift();
    if (waiter === undefined) this.#free++;
    else waiter.settle("granted");
  }

  /** Sends all who wait away. */
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
