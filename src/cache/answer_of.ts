/**
 * The answer of a flight, for one request that waits for it.
 *
 * @module
 */
import { Later } from "../core/later.ts";
import type { Answer, CacheStatus, Millis } from "../core/types.ts";
import type { CacheFlight, Landing, Waiter } from "./flight.ts";
import { reportLanding } from "./status.ts";

/** An answer that comes when its flight lands. */
export class FlightAnswer extends Later<Answer> implements Waiter {
  /** @param status Filled in with how the answer came about. */
  constructor(readonly status: CacheStatus | undefined) {
    super();
  }

  landed(flight: CacheFlight, landing: Landing, now: Millis): void {
    if (this.status !== undefined) reportLanding(this.status, flight, landing, now);
    this.settle(landing.answer);
  }
}
