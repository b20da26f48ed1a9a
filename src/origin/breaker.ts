/**
 * A circuit breaker. After several reads in a row without an answer or with "not now", it refuses
 * reads at once, except for a trial at intervals, until one is answered. Pure: callers pass the time.
 *
 * It is for a Redis that is reachable and does not read. Without a connection, the link refuses reads
 * itself, and those refusals do not count here.
 *
 * @module
 */
import type { Failure, Millis } from "../core/types.ts";

export interface BreakerOptions {
  /** It opens after so many failures in a row. */
  readonly failures: number;
  /** The time from one trial to the next while Redis is silent. */
  readonly trialEvery: Millis;
  /** The same while it says "not now": soon it may serve keys, and such an answer costs little. */
  readonly refusedEvery: Millis;
}

/** The defaults. */
const DEFAULTS: BreakerOptions = { failures: 5, trialEvery: 500, refusedEvery: 100 };

export class Breaker {
  #failures = 0;
  #last: Failure | null = null;
  #nextTrialAt: Millis = -Infinity;

  constructor(readonly options: BreakerOptions = DEFAULTS) {}

  /** Whether reads are refused. */
  get isOpen(): boolean {
    return this.#failures >= this.options.failures;
  }

  /** Returns the last failure if it refuses a read now; null lets the read pass. */
  refusal(now: Millis): Failure | null {
    if (!this.isOpen) return null;
    if (now < this.#nextTrialAt) return this.#last;
    this.#nextTrialAt = now + this.#pause;
    return null;
  }

  /** Notes that Redis has answered a read. */
  succeeded(): void {
    this.#failures = 0;
    this.#last = null;
  }

  /** Notes that Redis has not answered a read, or said "not now". */
  failed(failure: Failure, now: Millis): void {
    this.#failures++;
    this.#last = failure;
    if (this.#failures === this.options.failures) this.#nextTrialAt = now + this.#pause;
  }

  get #pause(): Millis {
    const { trialEvery, refusedEvery } = this.options;
    return this.#last?.reason === "reply" ? refusedEvery : trialEvery;
  }
}
