/**
 * Watches a connection for silence: reads wait, and not a byte comes. One timer for all reads, and
 * none while nothing waits; a value of 300 MB that takes its time is no silence.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";

export class SilenceWatch {
  #waiting = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #received = 0;
  #quietSince: Millis = 0;

  /**
   * @param timeout How long silence may last.
   * @param received The number of bytes received so far on the present connection.
   * @param onSilence Called when it lasted longer.
   */
  constructor(
    readonly timeout: Millis,
    readonly received: () => number,
    readonly onSilence: () => void,
  ) {}

  /** A read was sent. */
  sent(): void {
    if (this.#waiting++ === 0) this.#quietSince = performance.now();
    this.#timer ??= setInterval(() => this.#look(), this.timeout / 4);
  }

  /** A read was answered, or failed. */
  settled(): void {
    this.#waiting--;
  }

  /** Watches while work is under way. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.sent();
    try {
      return await work;
    } finally {
      this.settled();
    }
  }

  /** Stops watching. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    if (this.#waiting === 0) return this.close();
    const now = performance.now();
    const received = this.received();
    if (received !== this.#received) {
      this.#received = received;
      this.#quietSince = now;
    } else if (now - this.#quietSince >= this.timeout) {
      this.#quietSince = now;
      this.onSilence();
    }
  }
}
