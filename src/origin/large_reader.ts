/**
 * Reads large values over their own connection: in pieces, so that Redis need not hold a whole value
 * in its output buffer, or whole if pieces are not allowed or the value changes meanwhile.
 *
 * WATCH proves that all pieces belong to one value: EXEC says whether the key was changed since.
 *
 * @module
 */
import { Failure, type Fetched, Found, type Key, type Millis } from "../core/types.ts";
import { boundsOf, type ByteWindow } from "../core/byte_window.ts";
import { BulkReceiver } from "./bulk.ts";
import type { Large } from "./large.ts";
import { WrongReply } from "./replies.ts";
import type { Connection } from "./wire/connection.ts";
import { requestOf } from "./wire/outbox.ts";
import { type Reply, ReplyError } from "./wire/reply.ts";

/** Largest value that is not read in pieces, in bytes: that is not worth its round trips. */
const WHOLE_BYTES = 1024 * 1024;

/** Size of a piece, in bytes. */
const PIECE_BYTES = 128 * 1024;

/** The number of pieces to request ahead, so that Redis does not wait for us. */
const PIECES_AHEAD = 3;

export class LargeReader {
  /**
   * The last read. One value is read at a time: WATCH belongs to the connection, and several values
   * could exceed the output buffer limit of Redis.
   */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param isTimed Whether the remaining time to live is needed.
   * @param isPieced Whether the server allows the commands for pieces.
   */
  constructor(
    readonly connection: Connection,
    readonly isTimed: boolean,
    readonly isPieced: boolean,
  ) {}

  /** Reads a value, or its wanted window. Rejects if the connection is lost or a reply is wrong. */
  async read(key: Key, { length, window }: Large): Promise<Fetched> {
    const part = window === null ? null : await this.#readWindow(key, window);
    if (part !== null) return part;
    const isWhole = !this.isPieced || length <= WHOLE_BYTES;
    const reading = this.#last.then(() =>
      isWhole ? this.readWhole(key) : this.#readPieces(key, length)
    );
    this.#last = reading.catch(() => {/* Its own reader is told. */});
    const found = await reading;
    return found === undefined ? await this.readWhole(key) : found;
  }

  /** Reads the length of a value in bytes. Rejects as `read` does. */
  async measure(key: Key): Promise<number | Failure> {
    const length = await this.#lengthOf(key);
    return length instanceof ReplyError ? new Failure("reply", length.message) : length;
  }

  /** Reads a value of any length. Rejects as `read` does. */
  async readWhole(key: Key): Promise<Fetched> {
    const { connection } = this;
    const time = this.isTimed ? orError(connection.call("PTTL", key)) : NO_END;
    const bulk = new BulkReceiver(connection, "GET");
    connection.send(requestOf("GET", key), 1, bulk);
    const [value, left] = await Promise.all([orError(bulk.value), time]);
    if (value instanceof ReplyError) return new Failure("reply", value.message);
    return value === null ? null : new Found(value, leftOf(left));
  }

  /**
   * Reads a window of a value. Null if Redis does not allow that, or the value has changed in
   * between: the part must fit the length.
   */
  async #readWindow(key: Key, window: ByteWindow): Promise<Found | null> {
    const { connection } = this;
    const strlen = this.#lengthOf(key);
    const bulk = new BulkReceiver(connection, "GETRANGE");
    connection.send(requestOf("GETRANGE", key, `${window.first}`, `${window.last}`), 1, bulk);
    const pttl = this.isTimed ? orError(connection.call("PTTL", key)) : NO_END;
    const [length, bytes, time] = await Promise.all([strlen, orError(bulk.value), pttl]);
    if (length instanceof ReplyError || bytes instanceof ReplyError) return null;
    const { from, to } = boundsOf(window, length);
    if (bytes?.length !== to - from || time === NO_KEY) return null;
    return new Found(bytes, leftOf(time), { from, length });
  }

  async #lengthOf(key: Key): Promise<number | ReplyError> {
    const length = await orError(this.connection.call("STRLEN", key));
    if (typeof length === "number" || length instanceof ReplyError) return length;
    const error = new WrongReply("STRLEN", "an integer", typeof length);
    this.connection.close(error.message);
    throw error;
  }

  /** Resolves to undefined if the value was changed meanwhile, or Redis replied with an error. */
  async #readPieces(key: Key, length: number): Promise<Fetched | undefined> {
    const { connection } = this;
    const collecting = { isOver: false };
    try {
      const watching = connection.call("WATCH", key);
      const [value] = await Promise.all([this.#collect(key, length, collecting), watching]);
      // Written in one piece, so that no other command comes between.
      const [, , , results] = await Promise.all([
        connection.call("MULTI"),
        // The value may have become longer before WATCH.
        connection.call("STRLEN", key),
        connection.call("PTTL", key),
        connection.call("EXEC"),
      ]);
      const isSame = Array.isArray(results) && results[0] === length;
      if (value === null || !isSame) return undefined;
      const [, time] = results;
      return time === NO_KEY ? null : new Found(value, this.isTimed ? leftOf(time!) : Infinity);
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      return undefined;
    } finally {
      collecting.isOver = true;
    }
  }

  /**
   * Reads all pieces. Resolves to null if their length is wrong.
   *
   * @param state Says when the rest is no longer wanted.
   */
  async #collect(
    key: Key,
    length: number,
    state: { readonly isOver: boolean },
  ): Promise<Uint8Array | null> {
    const value = new Uint8Array(length);
    let asked = 0;
    const ask = async () => {
      while (asked < length && !state.isOver) {
        const from = asked;
        asked = Math.min(length, from + PIECE_BYTES);
        const piece = new BulkReceiver(this.connection, "GETRANGE", value.subarray(from, asked));
        this.connection.send(requestOf("GETRANGE", key, `${from}`, `${asked - 1}`), 1, piece);
        if (await piece.value === null) return false;
      }
      return true;
    };
    const areWhole = await Promise.all(Array.from({ length: PIECES_AHEAD }, ask));
    return areWhole.every(Boolean) ? value : null;
  }
}

/** The replies of PTTL for a missing key, and for a key without expiry. */
const NO_KEY = -2;
const NO_END = -1;

/** Returns the time to live of a value. It is unknown if the key did not exist a moment before. */
function leftOf(time: Reply): Millis {
  if (time === NO_END) return Infinity;
  return typeof time === "number" ? Math.max(0, time) : 0;
}

/** Returns the result of a promise, also if it is an error reply of Redis. */
async function orError<T>(work: Promise<T>): Promise<T | ReplyError> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ReplyError) return error;
    throw error;
  }
}
