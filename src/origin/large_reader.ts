/**
 * Reads a large value over an ioredis connection: in pieces where that saves memory, else whole.
 *
 * @module
 */
import type { Redis } from "ioredis";
import type { Buffer } from "node:buffer";
import { boundsOf, type ByteWindow } from "../core/byte_window.ts";
import { type Fetched, Found, type Key } from "../core/types.ts";
import { argumentOf } from "./argument.ts";
import { isReply } from "./handshake.ts";
import { PieceReader } from "./pieces.ts";
import {
  integerOf,
  type Large,
  pairOf,
  readPlain,
  repliesOf,
  timeLeft,
  valueOf,
} from "./replies.ts";

/** Size above which a value is read in pieces, in bytes: below, that is not worth its round trips. */
export const WHOLE_BYTES = 4 * 1024 * 1024;

export class LargeReader {
  readonly #pieces: PieceReader;

  /** @param isTimed Whether it matters how long Redis keeps a value. */
  constructor(readonly redis: Redis, readonly isTimed: boolean) {
    this.#pieces = new PieceReader(redis);
  }

  /** Reads a value of about this length. Rejects when the connection is lost, or replies wrongly. */
  async read(key: Key, { length, window }: Large): Promise<Fetched> {
    const name = argumentOf(key);
    const part = window === null ? null : await this.#readWindow(name, window);
    if (part !== null) return part;
    const pieced = length > WHOLE_BYTES ? await this.#pieces.read(name, length) : null;
    if (pieced !== null) return new Found(pieced.value, this.#leftOf(pieced.timeToLive));
    // Redis does not allow pieces, or the value has changed: whatever its size is now, it comes whole.
    if (!this.isTimed) return await readPlain(this.redis, key);
    return pairOf(repliesOf(await this.redis.pipeline().getBuffer(name).pttl(name).exec(), 2), 0);
  }

  /**
   * Reads a window of a value. Null if Redis does not allow that, or the value has changed in
   * between: the part must fit the length.
   */
  async #readWindow(name: string | Buffer, window: ByteWindow): Promise<Found | null> {
    const pipeline = this.redis.pipeline().strlen(name)
      .getrangeBuffer(name, window.first, window.last).pttl(name);
    const [strlen, getrange, pttl] = repliesOf(await pipeline.exec(), 3);
    const refused = [strlen, getrange].find((reply) => reply![0] !== null)?.[0];
    if (refused !== undefined) {
      if (isReply(refused)) return null;
      throw refused;
    }
    const length = integerOf("STRLEN", strlen![1]);
    const bytes = valueOf("GETRANGE", getrange![1]);
    const left = timeLeft(pttl!);
    const { from, to } = boundsOf(window, length);
    if (bytes === null || left === null || bytes.length !== to - from) return null;
    return new Found(bytes, this.isTimed ? left : Infinity, { from, length });
  }

  #leftOf(timeToLive: number): number {
    if (!this.isTimed || timeToLive === -1) return Infinity;
    return Math.max(0, timeToLive);
  }
}
