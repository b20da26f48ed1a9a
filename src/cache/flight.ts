/**
 * An in-flight read of one key, as the cache sees it.
 *
 * @module
 */
import { type ByteWindow, isSameWindow } from "../core/byte_window.ts";
import type { Answer, Fetched, Flight, Key, Millis, Part } from "../core/types.ts";
import type { Entry } from "./entry.ts";
import type { CacheKey } from "./key.ts";

/** Where a flight is: it waits for its turn, it is under way, or it is over. */
export type FlightPhase = "queued" | "sent" | "landed";

/** Decides what becomes of a flight. */
export interface FlightTracker {
  sent(flight: CacheFlight, now: Millis): void;
  narrow(flight: CacheFlight, length: number): ByteWindow | null;
  settled(flight: CacheFlight, fetched: Fetched, now: Millis): void;
}

/** What has become of a flight. */
export interface Landing {
  readonly answer: Answer;
  /** Until when the answer is fresh. */
  readonly freshUntil: Millis;
  /** Its entry, if the answer is kept. */
  readonly entry: Entry | undefined;
  /** Which part of the value the answer is; null for all of it. */
  readonly part: Part | null;
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
  /** The bytes that all who wait want; null for all bytes, and if nobody waits. */
  #window: ByteWindow | null = null;
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

  get window(): ByteWindow | null {
    return this.#window;
  }

  /** Adds one who waits, for these bytes. */
  await(window: ByteWindow | null, waiter: Waiter): void {
    const isFirst = this.#waiters.push(waiter) === 1;
    if (isFirst) this.#window = window;
    else if (!isSameWindow(this.#window, window)) this.#window = null;
  }

  sent(now: Millis): void {
    this.tracker.sent(this, now);
  }

  narrow(length: number): ByteWindow | null {
    return this.tracker.narrow(this, length);
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
