/**
 * Notices when nothing comes over a shared connection although requests wait on it. It has one timer
 * for all requests, and only while there are any.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";
import type { Connection } from "../origin/wire/connection.ts";

/** The interval between two looks at the connection. */
const LOOK: Millis = 50;

/** A connection may be silent as long as it takes to open another one, within these bounds. */
const PATIENCE = { least: 100, most: 1000 } as const;

/** The time, and a timer. Tests have their own. */
export interface Clock {
  now(): Millis;
  /** Calls a function after a time; returns what cancels that. */
  after(delay: Millis, call: () => void): () => void;
}

const REAL: Clock = {
  now: () => performance.now(),
  after: (delay, call) => {
    const timer = setTimeout(call, delay);
    Deno.unrefTimer(timer);
    return () => clearTimeout(timer);
  },
};

export class Silence {
  /** Whether the timer runs. */
  isWatching = false;
  #patience: Millis = PATIENCE.least;
  #cancel = () => {};
  #connection: Connection | null = null;
  /** What the connection had received at the last look, and at which look that was first seen. */
  #received = 0;
  #since: Millis = 0;

  /** @param look Looks at the lane, and returns whether to look again. */
  constructor(readonly look: () => boolean, readonly clock: Clock = REAL) {}

  /** Begins to look at intervals. */
  start(): void {
    this.isWatching = true;
    // Not an interval: whatever came before a look must have been read at the next one.
    this.#cancel = this.clock.after(LOOK, () => {
      this.isWatching = false;
      if (this.look()) this.start();
    });
  }

  stop(): void {
    this.#cancel();
  }

  /** Whether requests have waited on a connection for too long without a sign of Redis. */
  isLong(connection: Connection): boolean {
    const now = this.clock.now();
    const isSame = connection === this.#connection && connection.received === this.#received;
    if (isSame && connection.expected > 0) return now - this.#since >= this.#patience;
    this.#connection = connection.expected > 0 ? connection : null;
    this.#received = connection.received;
    this.#since = now;
    return false;
  }

  /** Waits for a connection to open, and remembers how long that takes. */
  async opening<T>(opened: Promise<T>): Promise<T> {
    const begun = this.clock.now();
    const result = await opened;
    this.#patience = Math.min(PATIENCE.most, Math.max(PATIENCE.least, this.clock.now() - begun));
    this.#connection = null;
    return result;
  }
}
