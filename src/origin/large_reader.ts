/**
 * Reads large values over a connection of their own: in pieces, so that Redis need not hold all of
 * one ready for us; or whole where that is not allowed, or the value is changed meanwhile.
 *
 * That pieces belong to one value is what WATCH is for: EXEC says whether the key was changed since.
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

/** Pieces that are asked for ahead, so that Redis need not wait for us. */
const PIECES_AHEAD = 3;

export class LargeReader {
  /**
   * One value after the other is asked for: what is watched belongs to the connection, and many at
   * once may be more than it is allowed.
   */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param isTimed Whether it matters how long Redis keeps a value.
   * @param isPieced Whether the server allows what pieces need.
   */
  constructor(
    readonly connection: Connection,
    readonly isTimed: boolean,
    readonly isPieced: boolean,
  ) {}

  /** Reads what is wanted of a value. Rejects when the connection is lost, or replies wrongly. */
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

  /** The length of a value in bytes, or why it has none. Rejects as `read` does. */
  async measure(key: Key): Promise<number | Failure> {
    const length = await this.#lengthOf(key);
    return length instanceof ReplyError ? new Failure("reply", length.message) : length;
  }

  /** Reads a value whatever its length. Rejects as `read` does. */
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

  /** Undefined when the value was changed meanwhile, or when Redis replied with an error. */
  async #readPieces(key: Key, length: number): Promise<Fetched | undefined> {
    const { connection } = this;
    const collecting = { isOver: false };
    try {
      const watching = connection.call("WATCH", key);
      const [value] = await Promise.all([this.#collect(key, length, collecting), watching]);
      // Written together: nobody else's command comes in between.
      const [, , , results] = await Promise.all([
        connection.call("MULTI"),
        // It may have been changed before it was watched, and have got longer.
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
   * The bytes of all pieces; null when they are not as long as they should be.
   *
   * @param state Says that nobody wants the rest any more.
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

/** What PTTL says of a key that does not exist, and of one that has no end. */
const NO_KEY = -2;
const NO_END = -1;

/** For how long a value is kept; one that was not there a moment before may go at any time. */
function leftOf(time: Reply): Millis {
  if (time === NO_END) return Infinity;
  return typeof time === "number" ? Math.max(0, time) : 0;
}

/** What a promise comes to, be it an error that Redis replied with. */
async function orError<T>(work: Promise<T>): Promise<T | ReplyError> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ReplyError) return error;
    throw error;
  }
}
