/**
 * An in-flight read of one key, as the cache sees it.
 *
 * @module
 */
import type { Fetched, Flight, Key, Millis, Outcome } from "../core/types.ts";
import type { CacheKey } from "./key.ts";

/** Where a flight is: it waits for its turn, it is under way, or it is over. */
export type FlightPhase = "queued" | "sent" | "landed";

/** Decides what becomes of a flight. */
export interface FlightTracker {
  sent(flight: CacheFlight, now: Millis): void;
  settled(flight: CacheFlight, fetched: Fetched, now: Millis): void;
}

/** A flight. Its identity decides whether its result becomes an entry. */
export class CacheFlight implements Flight {
  phase: FlightPhase = "queued";
  /** When its bytes were written, and the epoch and generation of its result. */
  sentAt: Millis = Infinity;
  epoch = -1;
  generation = -1;
  /** Whether its result is now an entry. */
  isStored = false;
  #wait: PromiseWithResolvers<Outcome> | null = Promise.withResolvers<Outcome>();

  constructor(
    readonly id: CacheKey,
    readonly tracker: FlightTracker,
    /** Whether its result may become an entry. */
    public mayStore: boolean,
  ) {}

  get key(): Key {
    return this.id.text;
  }

  /** What the read comes to. Ask for it before the flight has landed. */
  get outcome(): Promise<Outcome> {
    return this.#wait!.promise;
  }

  sent(now: Millis): void {
    this.tracker.sent(this, now);
  }

  settled(fetched: Fetched, now: Millis): void {
    this.tracker.settled(this, fetched, now);
  }

  /** Ends the wait. The flight lets go of its outcome: it may live longer than those who wait. */
  land(outcome: Outcome): void {
    this.phase = "landed";
    const { resolve } = this.#wait!;
    this.#wait = null;
    resolve(outcome);
  }
}
