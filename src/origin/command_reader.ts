/**
 * Reads keys by commands for each, where the script may not be used.
 *
 * @module
 */
import type { Redis } from "ioredis";
import { Failure, Found, type Key } from "../core/types.ts";
import { argumentOf } from "./argument.ts";
import { isReply } from "./handshake.ts";
import { LargeReader, WHOLE_BYTES } from "./large_reader.ts";
import type { Reader } from "./reader.ts";
import {
  integerOf,
  Large,
  orThrow,
  pairOf,
  type PipelineReplies,
  type Read,
  readPlain,
  repliesOf,
  timeLeft,
  valueOf,
} from "./replies.ts";

/**
 * The commands for a key:
 * - `range`: GETRANGE and PTTL; a value that is longer than asked for is large
 * - `pair`: GET and PTTL
 * - `plain`: GET
 */
export type CommandWay = "range" | "pair" | "plain";

/** Bytes of a value that a range asks for at most: of a large value, they come in vain. */
const RANGE_BYTES = 64 * 1024;

export class CommandReader implements Reader {
  readonly large: LargeReader;

  constructor(readonly redis: Redis, readonly way: CommandWay) {
    this.large = new LargeReader(redis, true);
  }

  async read(keys: readonly Key[], room: number): Promise<Read[]> {
    if (keys.length === 1 && this.way === "plain") return [await readPlain(this.redis, keys[0]!)];
    return orThrow(await this.readEach(keys, room));
  }

  async readEach(keys: readonly Key[], room: number): Promise<(Read | Error)[]> {
    const most = Math.min(RANGE_BYTES, Math.floor(room / keys.length));
    let replies: PipelineReplies;
    try {
      replies = await this.#ask(keys, most);
    } catch (error) {
      return keys.map(() => error as Error);
    }
    return await Promise.all(keys.map(async (key, index) => {
      try {
        return await this.#readOf(replies, index, key, most);
      } catch (error) {
        return error as Error;
      }
    }));
  }

  /** @param most Bytes of each value. */
  async #ask(keys: readonly Key[], most: number): Promise<PipelineReplies> {
    const pipeline = this.redis.pipeline();
    for (const key of keys) {
      const name = argumentOf(key);
      // One byte more, to tell that there are more.
      if (this.way === "range") pipeline.getrangeBuffer(name, 0, most);
      else pipeline.getBuffer(name);
      if (this.way !== "plain") pipeline.pttl(name);
    }
    const { length } = pipeline;
    return repliesOf(await pipeline.exec(), length);
  }

  async #readOf(replies: PipelineReplies, index: number, key: Key, most: number): Promise<Read> {
    if (this.way === "pair") return pairOf(replies, 2 * index);
    if (this.way === "range") return await this.#partOf(replies, 2 * index, key, most);
    const [error, reply] = replies[index]!;
    if (error !== null) return failureOf(error);
    const value = valueOf("GET", reply);
    return value === null ? null : new Found(value);
  }

  /** What GETRANGE and PTTL found of a key. */
  async #partOf(replies: PipelineReplies, at: number, key: Key, most: number): Promise<Read> {
    const [error, reply] = replies[at]!;
    if (error !== null) return failureOf(error);
    const part = valueOf("GETRANGE", reply);
    const left = timeLeft(replies[at + 1]!);
    if (part !== null && part.length > most) return new Large(await this.#lengthOf(key), left ?? 0);
    if (part !== null && part.length > 0) return new Found(part, left ?? 0);
    // A missing key has no time left. An empty value, or a key made just now, has to be looked at.
    if (left === null) return null;
    const name = argumentOf(key);
    return pairOf(repliesOf(await this.redis.pipeline().getBuffer(name).pttl(name).exec(), 2), 0);
  }

  /** The length of a value in bytes; a guess where it may not be asked for. */
  async #lengthOf(key: Key): Promise<number> {
    try {
      return integerOf("STRLEN", await this.redis.strlen(argumentOf(key)));
    } catch (error) {
      if (isReply(error)) return WHOLE_BYTES;
      throw error;
    }
  }
}

/** The failure that an error of Redis is. Throws any other error. */
function failureOf(error: Error): Failure {
  if (isReply(error)) return new Failure("reply", error.message);
  throw error;
}
