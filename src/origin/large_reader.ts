/**
 * Reads a large value over an ioredis connection: in pieces where that saves memory, else whole.
 *
 * @module
 */
import type { Redis } from "ioredis";
import { type Fetched, Found, type Key } from "../core/types.ts";
import { argumentOf } from "./argument.ts";
import { PieceReader } from "./pieces.ts";
import { pairOf, readPlain, repliesOf } from "./replies.ts";

/** Size above which a value is read in pieces, in bytes: below, that is not worth its round trips. */
export const WHOLE_BYTES = 4 * 1024 * 1024;

export class LargeReader {
  readonly #pieces: PieceReader;

  /** @param isTimed Whether it matters how long Redis keeps a value. */
  constructor(readonly redis: Redis, readonly isTimed: boolean) {
    this.#pieces = new PieceReader(redis);
  }

  /** Reads a value of about this length. Rejects when the connection is lost, or replies wrongly. */
  async read(key: Key, length: number): Promise<Fetched> {
    const name = argumentOf(key);
    const pieced = length > WHOLE_BYTES ? await this.#pieces.read(name, length) : null;
    if (pieced !== null) return new Found(pieced.value, this.#leftOf(pieced.timeToLive));
    // Redis does not allow pieces, or the value has changed: whatever its size is now, it comes whole.
    if (!this.isTimed) return await readPlain(this.redis, key);
    return pairOf(repliesOf(await this.redis.pipeline().getBuffer(name).pttl(name).exec(), 2), 0);
  }

  #leftOf(timeToLive: number): number {
    if (!this.isTimed || timeToLive === -1) return Infinity;
    return Math.max(0, timeToLive);
  }
}
