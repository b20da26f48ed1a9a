/**
 * The memory that long replies on the shared lanes may hold while their clients do not take them.
 * Beyond it, the largest is cut off: a shared connection must be read on, for the sake of all others.
 *
 * @module
 */
import type { ReplyStream } from "../core/reply_stream.ts";

export class StreamBudget {
  #held = 0;
  readonly #streams = new Set<ReplyStream>();

  /** @param limit Bytes that all streams together may hold. */
  constructor(readonly limit: number) {}

  /** Bytes that are held. */
  get bytes(): number {
    return this.#held;
  }

  /** A stream holds more, or less. */
  held(stream: ReplyStream, change: number): void {
    this.#held += change;
    if (stream.held > 0) this.#streams.add(stream);
    else this.#streams.delete(stream);
    while (change > 0 && this.#held > this.limit) this.#cutLargest();
  }

  #cutLargest(): void {
    let largest: ReplyStream | undefined;
    for (const one of this.#streams) if (one.held > (largest?.held ?? 0)) largest = one;
    if (largest === undefined) return;
    largest.cut();
  }
}
