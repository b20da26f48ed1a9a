/**
 * Takes a bulk string as it comes into memory of its own: a long one is never collected first.
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

  /** @param room Where a string of exactly this length goes; without it one of any length is taken. */
  constructor(
    readonly connection: Connection,
    readonly command: string,
    readonly room: Uint8Array | null = null,
  ) {}

  /**
   * The bytes; null for null, or for another length than that of the room. Rejects with `ReplyError`
   * when Redis replies with an error, with another error when it replies wrongly or not at all.
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

  /** Takes what belongs to the string; the CRLF behind it does not fit. */
  #take(bytes: Uint8Array, from: number, to: number): void {
    if (!this.#hasBegun) from = this.#begin(bytes, from);
    if (this.#value === null) return;
    const step = Math.min(this.#value.length - this.#length, to - from);
    this.#value.set(bytes.subarray(from, from + step), this.#length);
    this.#length += step;
  }

  /** Returns where the string's own bytes begin. */
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
