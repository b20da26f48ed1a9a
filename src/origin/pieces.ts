/**
 * A large value, read piece by piece into its place: ioredis would collect all of its parts and then
 * join them, which takes twice the memory. That it is one value and not parts of two is what WATCH
 * is for: EXEC says whether the key was changed since.
 *
 * @module
 */
import type { Redis } from "ioredis";
import type { Buffer } from "node:buffer";
import { isReply } from "./handshake.ts";
import { arrayOf, integerOf, valueOf } from "./replies.ts";

/** Size of a piece, in bytes. */
const PIECE_BYTES = 512 * 1024;

/** Pieces that are asked for ahead, so that Redis need not wait for us. */
const PIECES_AHEAD = 3;

/** A value with what PTTL said of its key. */
export interface Pieced {
  readonly value: Uint8Array;
  readonly timeToLive: number;
}

/** Reads one value at a time: what is watched belongs to the connection, and ends with EXEC. */
export class PieceReader {
  #last: Promise<unknown> = Promise.resolve();
  /** Whether the server allows what this needs. */
  #isAllowed = true;

  constructor(readonly redis: Redis) {}

  /**
   * Reads a value of this length in bytes. Null when it was changed meanwhile, or when the server
   * does not allow it. Rejects when the connection is lost or replies what it cannot.
   */
  read(name: string | Buffer, length: number): Promise<Pieced | null> {
    const reading = this.#last.then(() => this.#isAllowed ? this.#read(name, length) : null);
    this.#last = reading.catch(() => {/* Its own reader is told. */});
    return reading;
  }

  async #read(name: string | Buffer, length: number): Promise<Pieced | null> {
    try {
      await this.redis.call("WATCH", name);
      const value = await this.#collect(name, length);
      // Written together: nobody else's command comes in between.
      const [, , , results] = await Promise.all([
        this.redis.call("MULTI"),
        // It may have been changed before it was watched, and have got longer.
        this.redis.call("STRLEN", name),
        this.redis.call("PTTL", name),
        this.redis.call("EXEC"),
      ]);
      if (results === null || value === null) return null;
      const [lengthNow, timeToLive] = arrayOf("EXEC", results, 2);
      if (integerOf("STRLEN", lengthNow) !== length) return null;
      return { value, timeToLive: integerOf("PTTL", timeToLive) };
    } catch (error) {
      if (!isReply(error)) throw error;
      this.#isAllowed = /^WRONGTYPE /.test(error.message);
      return null;
    }
  }

  async #collect(name: string | Buffer, length: number): Promise<Uint8Array | null> {
    const value = new Uint8Array(length);
    let asked = 0;
    const ask = async () => {
      for (let at = asked; at < length; at = asked) {
        asked += PIECE_BYTES;
        const last = Math.min(asked, length) - 1;
        const piece = valueOf("GETRANGE", await this.redis.getrangeBuffer(name, at, last));
        if (piece?.length !== last - at + 1) return false;
        value.set(piece, at);
      }
      return true;
    };
    const isWhole = await Promise.all(Array.from({ length: PIECES_AHEAD }, ask));
    return isWhole.every(Boolean) ? value : null;
  }
}
