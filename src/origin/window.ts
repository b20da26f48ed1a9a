/**
 * How many bytes of values to request at once over a connection. Later replies wait behind them, so a
 * slow connection gets few and a fast one many.
 *
 * It starts small, grows with quick answers and shrinks with slow ones, like the congestion window of
 * TCP (RFC 5681). Values that do not fit are read over another connection. Pure: callers pass the
 * time.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";

/** The bytes at the start, the least and the most. */
const START = 256 * 1024;
const LEAST = 32 * 1024;
const MOST = 64 * 1024 * 1024;

/** The least room of each trip, in bytes. */
const TRIP_LEAST = 512;

/** An answer within the first time is quick, an answer after the second is slow. */
const QUICK: Millis = 100;
const SLOW: Millis = 250;

/** How long the window stays small after a loss. It doubles after the next loss. */
const CAUTION: Millis = 60_000;
const CAUTION_MOST: Millis = 64 * CAUTION;

export class Window {
  #size = START;
  #trips = 0;
  #shrunkAt: Millis = -Infinity;
  /** Up to this size it grows fast. Beyond it, an answer was slow once. */
  #known = MOST;
  #caution = CAUTION;
  #cautiousUntil: Millis = -Infinity;

  /** The approximate bytes that trips may request together. */
  get size(): number {
    return this.#size;
  }

  /** Notes that a trip leaves. Returns the room for its values, in bytes. */
  enter(): number {
    return Math.max(TRIP_LEAST, Math.floor(this.#size / ++this.#trips));
  }

  /**
   * Notes that a trip is over.
   *
   * @param sentAt When it left.
   * @param bytes The bytes of values that it brought.
   * @param isShort Whether a value did not fit.
   */
  leave(sentAt: Millis, now: Millis, bytes: number, isShort: boolean): void {
    this.#trips--;
    const took = now - sentAt;
    if (took <= QUICK) {
      const most = now < this.#cautiousUntil ? LEAST : MOST;
      const step = this.#size < this.#known ? this.#size : this.#size / 8;
      this.#size = Math.min(most, this.#size + bytes + (isShort ? step : 0));
    } else if (took > SLOW && sentAt >= this.#shrunkAt) {
      // All trips that were in flight together shrink it once.
      this.#shrunkAt = now;
      this.#known = this.#size = Math.max(LEAST, this.#size / 2);
    }
  }

  /** Notes that a trip has failed. */
  failed(): void {
    this.#trips--;
  }

  /** Notes that the connection was lost with in-flight trips, which may have been too large. */
  lost(now: Millis): void {
    const isSoon = now < this.#cautiousUntil + this.#caution;
    this.#caution = isSoon ? Math.min(CAUTION_MOST, 2 * this.#caution) : CAUTION;
    this.#cautiousUntil = now + this.#caution;
    this.#size = LEAST;
  }
}
