/**
 * Takes a bulk string as it comes, into its own memory. A long string is never collected first.
 *
 * @module
 */
import { bulkAt, errorAt, isError, numberAt } from "./replies.ts";
import type { Connection } from "./wire/connection.ts";
import type { Receiver } from "./wire/expected.ts";
import { ReplyError } from "./wire/reply.ts";

export class BulkReceiver implements Receiver {
  readonly #done = Promise.withResolvers<Uint8Array | null>();
  #value: Uint8Array | null = null;
  #length = 0;
  #hasBegun = false;

  /** @param room Memory for a string of exactly this length; absent for any length. */
  constructor(
    readonly connection: Connection,
    readonly command: string,
    readonly room: Uint8Array | null = null,
  ) {}

  /**
   * Resolves to the bytes; to null for a null, or for another length than that of the room. Rejects
   * with `ReplyError` if Redis replies with an error, and with another error for a wrong or no reply.
   */
  get value(): Promise<Uint8Array | null> {
    return this.#done.promise;
  }

  part(bytes: Uint8Array, from: number, to: number): void {
    try {
      this.#take(bytes, from, to);
    } catch (error) {
      this.#done.reject(error);
      this.connection.close((error as Error).message);
    }
  }

  reply(bytes: Uint8Array, from: number, to: number): void {
    if (!this.#hasBegun && isError(bytes, from)) {
      return this.#done.reject(new ReplyError(errorAt(bytes, from, to)));
    }
    this.part(bytes, from, to);
    this.#done.resolve(this.#value);
  }

  lost(): void {
    this.#done.reject(new Error(this.connection.loss ?? ""));
  }

  /** Takes the bytes of the string, without the CRLF behind it. */
  #take(bytes: Uint8Array, from: number, to: number): void {
    if (!this.#hasBegun) from = this.#begin(bytes, from);
    if (this.#value === null) return;
    const step = Math.min(this.#value.length - this.#length, to - from);
    this.#value.set(bytes.subarray(from, from + step), this.#length);
    this.#length += step;
  }

  /** Returns where the bytes of the string begin. */
  #begin(bytes: Uint8Array, from: number): number {
    const start = bulkAt(this.command, bytes, from);
    this.#hasBegun = true;
    if (start < 0) return from;
    const length = numberAt(bytes, from + 1);
    if (this.room === null) this.#value = new Uint8Array(length);
    else if (this.room.length === length) this.#value = this.room;
    return start;
  }
}
