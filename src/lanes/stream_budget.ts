/**
 * The memory of long replies on the shared lanes that their clients have not read. Beyond it, the
 * proxy reads a long reply only as fast as its client does.
 *
 * @module
 */

export class StreamBudget {
  #held = 0;

  /** @param limit Bytes that all streams together may hold. */
  constructor(readonly limit: number) {}

  /** Bytes that are held. */
  get bytes(): number {
    return this.#held;
  }

  /** Whether the streams hold too much. */
  get isOver(): boolean {
    return this.#held > this.limit;
  }

  /** Notes that the streams hold more bytes, or fewer. */
  held(change: number): void {
    this.#held += change;
  }
}
