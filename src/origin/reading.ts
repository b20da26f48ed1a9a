/**
 * The replies to reads of several keys, passed on key by key as they come.
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

/** The result for a value that is longer than the limit. */
export const LARGE = Symbol("a large value");

/** The result for an empty value, or for a key that was deleted after PTTL. */
export const UNSURE = Symbol("an empty value or none");

/** The result of a read. */
export type Read = Fetched | typeof LARGE | typeof UNSURE;

/** A listener to the results of reads. */
export interface ReadListener {
  /** A key was read. The bytes of a value may change after the call. */
  found(index: number, read: Read): void;
  /** The connection was lost or replied wrongly. Keys from this index on were not read. */
  lost(index: number, error: Error): void;
}

/** The replies of PTTL for a missing key, and for a key without expiry. */
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
   * @param isTimed Whether the remaining time to live is needed.
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
      // A server that replies so may have mixed up other replies too.
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

  /** Takes a reply; undefined if the reply with the value is still to come. */
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

  /** Returns the time to live of the key that was just read. */
  #left(): Millis {
    if (!this.isTimed || this.#time === NO_END) return Infinity;
    // The key did not exist a moment before, so its time to live is unknown.
    return this.#time === NO_KEY ? 0 : this.#time;
  }
}

/** Returns the reply of PTTL; unknown for an error about this key. */
function timeAt(bytes: Uint8Array, from: number): Millis {
  return isError(bytes, from) ? 0 : integerAt("PTTL", bytes, from);
}
