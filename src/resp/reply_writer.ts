/**
 * Writes the replies of Redis to a client as they arrive: all replies of one turn of the event loop
 * in one write, and only a bounded number of bytes ahead of the client.
 *
 * @module
 */
import type { ReplySink } from "../lanes/private_replies.ts";
import { Output } from "../server/output.ts";

/**
 * Copies larger pieces, in bytes: the output would keep them by reference, and their source is
 * reused.
 */
const COPIED_BYTES = 16 * 1024;

/** Bytes that may wait for the client before the proxy stops reading from Redis. */
const WAITING_BYTES = 256 * 1024;

/** Takes the bytes. Never rejects. */
interface Sink {
  write(bytes: Uint8Array): Promise<void>;
}

export class ReplyWriter implements ReplySink {
  #output = new Output();
  #flushing: Promise<void> | null = null;

  constructor(readonly sink: Sink) {}

  write(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    const isLong = to - from > COPIED_BYTES;
    this.#output.bytes(isLong ? bytes.slice(from, to) : bytes.subarray(from, to));
    this.#flushing ??= this.#flush();
    if (this.#output.length > WAITING_BYTES) return this.#flushing;
  }

  /** Resolves once all is written. */
  flushed(): Promise<void> {
    return this.#flushing ?? Promise.resolve();
  }

  async #flush(): Promise<void> {
    await undefined; // More replies may come in the same turn.
    while (this.#output.length > 0) {
      const output = this.#output;
      this.#output = new Output();
      for (let piece = output.next(); piece !== undefined; piece = output.next()) {
        await this.sink.write(piece);
        output.took(piece.length);
      }
    }
    this.#flushing = null;
  }
}
