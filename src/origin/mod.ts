/**
 * The origin: reads keys from the backing Redis, a bounded number at a time, through one connection
 * with natural pipelining. A read never waits without bound: for its turn at most the queue's
 * patience, for the connection and then for the answer at most the origin's time-out.
 *
 * @module
 */
import type { Redis } from "ioredis";
import { Buffer } from "node:buffer";
import { Failure, type FailureReason, type Fetched, type Key, type Origin } from "../protocol.ts";
import type { Semaphore } from "../semaphore.ts";
import type { Stats } from "../stats.ts";
import type { Link } from "./link.ts";
import { SilenceWatch } from "./watch.ts";

export class RedisOrigin implements Origin {
  readonly #watch: SilenceWatch;

  constructor(readonly link: Link, readonly permits: Semaphore, readonly stats: Stats) {
    const { timeout } = link;
    this.#watch = new SilenceWatch(
      timeout,
      () => link.redis?.stream.bytesRead ?? 0,
      () => link.giveUp({ reason: "timeout", message: `no answer within ${timeout} ms` }),
    );
  }

  /** Ends the connection and its watch for good; reads that wait fail. */
  close(): void {
    this.link.close();
    this.#watch.close();
  }

  async read(keys: readonly Key[]): Promise<Fetched[]> {
    const admission = this.permits.tryAcquire() ? "granted" : await this.permits.acquire();
    if (admission !== "granted") {
      const why = admission === "full" ? "the queue is full" : "the wait was too long";
      return this.#fail(keys, "busy", `Too many reads wait for Redis: ${why}`);
    }
    try {
      const redis = this.link.redis ?? await this.link.up();
      return redis === null ? this.#fail(keys, ...this.#loss()) : await this.#send(redis, keys);
    } finally {
      this.permits.release();
    }
  }

  async #send(redis: Redis, keys: readonly Key[]): Promise<Fetched[]> {
    this.stats.originReads += keys.length;
    this.#watch.sent();
    try {
      if (keys.length === 1) return [owned(await redis.getBuffer(bytesOf(keys[0]!)))];
      const pipeline = redis.pipeline();
      for (const key of keys) pipeline.getBuffer(bytesOf(key));
      const replies = await pipeline.exec() ?? [];
      return replies.map(([error, value]) =>
        error === null ? owned(value as Buffer | null) : this.#failure(error)
      );
    } catch (error) {
      const failure = this.#failure(error as Error);
      return keys.map(() => failure);
    } finally {
      this.#watch.settled();
    }
  }

  /** An error that Redis replied is the answer; any other says that the connection was lost. */
  #failure(error: Error): Failure {
    this.stats.originFailures++;
    return error.name === "ReplyError"
      ? new Failure("reply", error.message)
      : new Failure(...this.#loss());
  }

  #fail(keys: readonly Key[], reason: FailureReason, message: string): Failure[] {
    this.stats.originFailures += keys.length;
    return keys.map(() => new Failure(reason, message));
  }

  #loss(): [FailureReason, string] {
    const { reason, message } = this.link.loss;
    return [reason, reason === "timeout" ? `Redis gave ${message}` : `Redis is away: ${message}`];
  }
}

function bytesOf(key: Key): Buffer {
  return Buffer.from(key, "latin1");
}

/**
 * The value in memory of its own. ioredis hands out views of what the socket read: kept as they
 * are, five bytes hold a chunk of 64 KiB. Large values were put together in a buffer of their own.
 */
function owned(value: Buffer | null): Uint8Array | null {
  if (value === null) return null;
  return value.byteLength === value.buffer.byteLength ? value : new Uint8Array(value);
}
