/**
 * The Date field, made once a second. Source: RFC 9110 section 6.6.1.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";

export class HttpDate {
  #text = "";
  #until: Millis = -Infinity;

  /** @param wallClock Milliseconds since 1970. */
  constructor(readonly wallClock: () => number = Date.now) {}

  /** The date and time at `now`, as in "Sun, 06 Nov 1994 08:49:37 GMT". */
  at(now: Millis): string {
    if (now >= this.#until) {
      const time = this.wallClock();
      this.#text = new Date(time).toUTCString();
      this.#until = now + 1000 - time % 1000;
    }
    return this.#text;
  }
}
