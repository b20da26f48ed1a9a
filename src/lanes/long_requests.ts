/**
 * Remembers which requests had long replies: the next time, they take a private connection, which
 * can be as slow as its client. So a slow client that was cut off on the shared lane is served when
 * it reconnects.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** The most requests to remember, and the most bytes of each. */
const KEPT = 1000;
const KEPT_BYTES = 256;

export class LongRequests {
  readonly #seen = new Set<string>();

  /** Whether no reply was long. */
  get isEmpty(): boolean {
    return this.#seen.size === 0;
  }

  /** Notes a request whose reply is long. */
  add(request: Uint8Array): void {
    if (this.#seen.size === KEPT) this.#seen.clear();
    this.#seen.add(textOf(request));
  }

  /** Whether the reply to the same request was long. */
  has(request: Uint8Array): boolean {
    return this.#seen.size > 0 && this.#seen.has(textOf(request));
  }
}

function textOf(request: Uint8Array): string {
  const { buffer, byteOffset, length } = request;
  return Buffer.from(buffer, byteOffset, Math.min(length, KEPT_BYTES)).toString("latin1");
}
