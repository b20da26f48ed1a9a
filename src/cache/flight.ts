/**
 * An in-flight read of one key, as the cache sees it.
 *
 * @module
 */
import type { Answer, Fetched, Flight, Key, Millis } from "../core/types.ts";
import type { Entry } from "./entry.ts";
import type { CacheKey } from "./key.ts";

/** Where a flight is: it waits for its turn, it is under way, or it is over. */
export type FlightPhase = "queued" | "sent" | "landed";

/** Decides what becomes of a flight. */
export interface FlightTracker {
  sent(flight: CacheFlight, now: Millis): void;
  settled(flight: CacheFlight, fetched: Fetched, now: Millis): void;
}

/** What has become of a flight. */
export interface Landing {
  readonly answer: Answer;
  /** Until when the answer is fresh. */
  readonly freshUntil: Millis;
  /** Its entry, if the answer is kept. */
  readonly entry: Entry | undefined;
}

/** Is told the answer of a flight, and how it came about. */
export type Waiter = (answer: Answer, flight: CacheFlight, landing: Landing, now: Millis) => void;

/** A flight. Its identity decides whether its result becomes an entry. */
export class CacheFlight implements Flight {
  phase: FlightPhase = "queued";
  /** When its bytes were written, and the epoch and generation of its result. */
  sentAt: Millis = Infinity;
  epoch = -1;
  generation = -1;
  /** Those who wait. The flight itself keeps no answer: it may live longer than they do. */
  #waiters: Waiter[] = [];

  constructor(
    readonly id: CacheKey,
    readonly tracker: FlightTracker,
    /** Whether its result may become an entry. */
    public mayStore: boolean,
  ) {}

  get key(): Key {
    return this.id.text;
  }

  /** Adds one who waits. */
  await(waiter: Waiter): void {
    this.#waiters.push(waiter);
  }

  sent(now: Millis): void {
    this.tracker.sent(this, now);
  }

  settled(fetched: Fetched, now: Millis): void {
    this.tracker.settled(this, fetched, now);
  }

  /** Ends the wait. */
  land(landing: Landing, now: Millis): void {
    this.phase = "landed";
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter(landing.answer, this, landing, now);
  }
}
