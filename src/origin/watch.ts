/**
 * Watches a connection for silence: reads wait, and no byte comes. It has one timer for all reads, and
 * none without reads. A slow value of 300 MB is not silence, because its bytes keep coming.
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
   * @param timeout The longest silence.
   * @param received Returns the number of bytes received on the current connection.
   * @param onSilence Called after a longer silence.
   */
  constructor(
    public timeout: Millis,
    readonly received: () => number,
    readonly onSilence: () => void,
  ) {}

  /** Notes that a read was sent. */
  sent(): void {
    if (this.#waiting++ === 0) this.#quietSince = performance.now();
    this.#timer ??= setInterval(() => this.#look(), this.timeout / 4);
  }

  /** Notes that a read was answered or failed. */
  settled(): void {
    this.#waiting--;
  }

  /** Watches during some work. */
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
