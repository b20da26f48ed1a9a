/**
 * The memory that long replies on the shared lanes may hold while their clients have not taken them.
 * Beyond it, the connection of a long reply is read only as fast as its client takes the reply.
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

  /** Whether no more should be held. */
  get isOver(): boolean {
    return this.#held > this.limit;
  }

  /** Streams hold more bytes, or fewer. */
  held(change: number): void {
    this.#held += change;
  }
}
