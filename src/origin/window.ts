/**
 * How many bytes of values a connection is asked for at once. What is asked for waits in one queue
 * with all that comes after it, so a slow connection gets little to do, and a fast one much.
 *
 * It starts small, grows by what comes quickly and shrinks when an answer is slow, like the
 * congestion window of TCP (RFC 5681). Values that do not fit are read over another connection.
 * Pure: moments go in.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";

/** Bytes at the start, and at least and at most. */
const START = 256 * 1024;
const LEAST = 32 * 1024;
const MOST = 64 * 1024 * 1024;

/** Room that each trip has at least, in bytes. */
const TRIP_LEAST = 512;

/** An answer within this time is quick, one after that time is slow. */
const QUICK: Millis = 100;
const SLOW: Millis = 250;

/** Time after a loss during which the window stays small; twice as long after the next one. */
const CAUTION: Millis = 60_000;
const CAUTION_MOST: Millis = 64 * CAUTION;

export class Window {
  #size = START;
  #trips = 0;
  #shrunkAt: Millis = -Infinity;
  /** Up to which size it grows fast: beyond, an answer was slow once. */
  #known = MOST;
  #caution = CAUTION;
  #cautiousUntil: Millis = -Infinity;

  /** The bytes that trips may ask for together, about. */
  get size(): number {
    return this.#size;
  }

  /** A trip leaves. Returns how many bytes of values it may bring. */
  enter(): number {
    return Math.max(TRIP_LEAST, Math.floor(this.#size / ++this.#trips));
  }

  /**
   * A trip is over.
   *
   * @param sentAt When it left.
   * @param bytes The bytes of values that it brought.
   * @param isShort Whether it had no room for a value.
   */
  leave(sentAt: Millis, now: Millis, bytes: number, isShort: boolean): void {
    this.#trips--;
    const took = now - sentAt;
    if (took <= QUICK) {
      const most = now < this.#cautiousUntil ? LEAST : MOST;
      const step = this.#size < this.#known ? this.#size : this.#size / 8;
      this.#size = Math.min(most, this.#size + bytes + (isShort ? step : 0));
    } else if (took > SLOW && sentAt >= this.#shrunkAt) {
      // Once for all trips that were under way together.
      this.#shrunkAt = now;
      this.#known = this.#size = Math.max(LEAST, this.#size / 2);
    }
  }

  /** A trip has failed. */
  failed(): void {
    this.#trips--;
  }

  /** The connection was lost with trips under way: they may have been too much for it. */
  lost(now: Millis): void {
    const isSoon = now < this.#cautiousUntil + this.#caution;
    this.#caution = isSoon ? Math.min(CAUTION_MOST, 2 * this.#caution) : CAUTION;
    this.#cautiousUntil = now + this.#caution;
    this.#size = LEAST;
  }
}
