/**
 * The replies to reads of several keys, handed on key by key as they come.
 *
 * @module
 */
import { Failure, type Fetched, Found, type Millis } from "../core/types.ts";
import { bulkAt, errorAt, integerAt, isError } from "./replies.ts";
import type { Connection } from "./wire/connection.ts";
import type { Receiver } from "./wire/expected.ts";

/**
 * How a key is read:
 * - `bounded`: by PTTL and GETRANGE
 * - `timed`: by PTTL and GET
 * - `plain`: by GET
 */
export type ReadMethod = "bounded" | "timed" | "plain";

/** A value that is longer than what was asked for. */
export const LARGE = Symbol("a large value");

/** An empty value, or a key that was there when its time was asked for, and is gone. */
export const UNSURE = Symbol("an empty value or none");

/** What came of a read. */
export type Read = Fetched | typeof LARGE | typeof UNSURE;

/** Who is told what came of reads. */
export interface ReadListener {
  /** A key was read; the bytes of a value may change after the call. */
  found(index: number, read: Read): void;
  /** The connection was lost, or replied what is no answer; keys from this index on were not read. */
  lost(index: number, error: Error): void;
}

/** What PTTL says of a key that does not exist, and of one that has no end. */
const NO_KEY = -2;
const NO_END = -1;

export class Reading implements Receiver {
  #index = 0;
  /** Whether the next reply is that of PTTL. */
  #isTime: boolean;
  #time: Millis = NO_END;
  #isOver = false;

  /**
   * @param limit The length above which a value is large.
   * @param isTimed Whether it matters how long Redis keeps a value.
   */
  constructor(
    readonly connection: Connection,
    readonly method: ReadMethod,
    readonly limit: number,
    readonly isTimed: boolean,
    readonly listener: ReadListener,
  ) {
    this.#isTime = method !== "plain";
  }

  reply(bytes: Uint8Array, from: number, to: number): void {
    let read: Read | undefined;
    try {
      read = this.#take(bytes, from, to);
    } catch (error) {
      this.#fail(error as Error);
      // What answers so may have mixed up more than this reply.
      return this.connection.close((error as Error).message);
    }
    if (read !== undefined) this.listener.found(this.#index++, read);
  }

  lost(): void {
    this.#fail(new Error(this.connection.loss ?? ""));
  }

  #fail(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.listener.lost(this.#index, error);
  }

  /** Takes a reply; undefined where that of the value is still to come. */
  #take(bytes: Uint8Array, from: number, to: number): Read | undefined {
    if (this.#isTime) {
      this.#isTime = false;
      this.#time = timeAt(bytes, from);
      return undefined;
    }
    this.#isTime = this.method !== "plain";
    return this.#readAt(bytes, from, to);
  }

  #readAt(bytes: Uint8Array, from: number, to: number): Read {
    if (isError(bytes, from)) return new Failure("reply", errorAt(bytes, from, to));
    const start = bulkAt(this.method === "bounded" ? "GETRANGE" : "GET", bytes, from);
    if (start < 0) return null;
    const length = to - 2 - start;
    if (this.method === "bounded") {
      if (length > this.limit) return LARGE;
      if (length === 0) return this.#time === NO_KEY ? null : UNSURE;
    }
    return new Found(bytes.subarray(start, to - 2), this.#left());
  }

  /** For how long Redis keeps the key, which it has just read. */
  #left(): Millis {
    if (!this.isTimed || this.#time === NO_END) return Infinity;
    // It was not there a moment before: for how long it will be is not known.
    return this.#time === NO_KEY ? 0 : this.#time;
  }
}

/** What PTTL replied; an error about this key says that nothing is known. */
function timeAt(bytes: Uint8Array, from: number): Millis {
  return isError(bytes, from) ? 0 : integerAt("PTTL", bytes, from);
}
