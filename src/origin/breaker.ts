/**
 * A breaker: after several reads in a row on which Redis was silent or said "not now", reads are
 * refused at once, but for a trial now and then, until one is answered. Pure: moments go in.
 *
 * It is for a Redis that can be reached and does not read; where there is no connection, the link
 * refuses by itself, and those refusals say nothing here.
 *
 * @module
 */
import type { Failure, Millis } from "../core/types.ts";

export interface BreakerOptions {
  /** Failures in a row after which it opens. */
  readonly failures: number;
  /** The time from one trial to the next. */
  readonly trialEvery: Millis;
}

/** What holds where nothing else is said. */
const DEFAULTS: BreakerOptions = { failures: 5, trialEvery: 500 };

export class Breaker {
  #failures = 0;
  #last: Failure | null = null;
  #nextTrialAt: Millis = -Infinity;

  constructor(readonly options: BreakerOptions = DEFAULTS) {}

  /** Whether reads are refused. */
  get isOpen(): boolean {
    return this.#failures >= this.options.failures;
  }

  /** Why a read that comes now is refused: the last failure; null lets it pass. */
  refusal(now: Millis): Failure | null {
    if (!this.isOpen) return null;
    if (now < this.#nextTrialAt) return this.#last;
    this.#nextTrialAt = now + this.options.trialEvery;
    return null;
  }

  /** Redis has answered a read. */
  succeeded(): void {
    this.#failures = 0;
    this.#last = null;
  }

  /** Redis has not answered a read, or said "not now". */
  failed(failure: Failure, now: Millis): void {
    this.#failures++;
    this.#last = failure;
    if (this.#failures === this.options.failures) this.#nextTrialAt = now + this.options.trialEvery;
  }
}
