/**
 * An in-flight read of one key, as the cache sees it.
 *
 * @module
 */
import { type ByteWindow, isSameWindow } from "../core/byte_window.ts";
import type { Answer, Fetched, Flight, Key, Millis, Part } from "../core/types.ts";
import type { Entry } from "./entry.ts";
import type { CacheKey } from "./key.ts";

/** The state of a flight: it waits for its turn, its bytes are written, or it is over. */
export type FlightPhase = "queued" | "sent" | "landed";

/** Decides what happens with the result of a flight. */
export interface FlightTracker {
  sent(flight: CacheFlight, now: Millis, validFrom: Millis): void;
  narrow(flight: CacheFlight, length: number): ByteWindow | null;
  settled(flight: CacheFlight, fetched: Fetched, now: Millis, mayKeep: boolean): void;
}

/** The result of a flight. */
export interface Landing {
  readonly answer: Answer;
  /** Until when the answer is fresh. */
  readonly freshUntil: Millis;
  /** Its entry, if the answer is cached. */
  readonly entry: Entry | undefined;
  /** The part of the value that the answer holds; null for all of it. */
  readonly part: Part | null;
}

/** Waits for the answer of a flight. */
export interface Waiter {
  /** Receives the result of the flight. */
  landed(flight: CacheFlight, landing: Landing, now: Millis): void;
}

/** A flight. Its result becomes an entry only if it is the current flight of its key. */
export class CacheFlight implements Flight {
  phase: FlightPhase = "queued";
  /** When a client missed the key; NaN if no client waits. */
  missedAt: Millis = NaN;
  /** When its request was written, and the epoch and generation of its result. */
  sentAt: Millis = Infinity;
  /** The result is at least as new as this moment: `sentAt`, or earlier if a replica is read. */
  validFrom: Millis = Infinity;
  epoch = -1;
  generation = -1;
  /** Whether a waiter wants no answer that is older than its request. */
  mustBeCurrent = false;
  slot: number | undefined = undefined;
  /** The bytes that all waiters want; null for all bytes, or if nobody waits. */
  #window: ByteWindow | null = null;
  /**
   * The waiters; most flights have one. The flight itself holds no answer, because it may live longer
   * than they do.
   */
  #waiter: Waiter | null = null;
  #others: Waiter[] | null = null;

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

  /** Adds a waiter for these bytes. */
  await(window: ByteWindow | null, waiter: Waiter): void {
    if (this.#waiter === null) {
      this.#waiter = waiter;
      this.#window = window;
    } else {
      (this.#others ??= []).push(waiter);
      if (!isSameWindow(this.#window, window)) this.#window = null;
    }
  }

  sent(now: Millis, validFrom = now): void {
    this.tracker.sent(this, now, validFrom);
  }

  narrow(length: number): ByteWindow | null {
    return this.tracker.narrow(this, length);
  }

  settled(fetched: Fetched, now: Millis, mayKeep = true): void {
    this.tracker.settled(this, fetched, now, mayKeep);
  }

  /** Ends the wait of all waiters. */
  land(landing: Landing, now: Millis): void {
    this.phase = "landed";
    const waiter = this.#waiter;
    const others = this.#others;
    this.#waiter = this.#others = null;
    waiter?.landed(this, landing, now);
    if (others !== null) { for (const other of others) other.landed(this, landing, now); }
  }
}
