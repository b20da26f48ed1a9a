/**
 * Reads keys by a script: several by one run of it, where they may be read together.
 *
 * @module
 */
import type { Redis } from "ioredis";
import { Failure, type Fetched, Found, type Key } from "../core/types.ts";
import { argumentOf } from "./argument.ts";
import { isReply } from "./handshake.ts";
import { LargeReader } from "./large_reader.ts";
import type { Reader } from "./reader.ts";
import {
  arrayOf,
  orThrow,
  type PipelineReplies,
  type Read,
  readOf,
  readPlain,
  repliesOf,
} from "./replies.ts";
import { RUN_BYTES, type ScriptMethod } from "./script.ts";

/** Keys that one run of the script reads at most: Redis does nothing else meanwhile. */
const RUN_KEYS = 128;

export class ScriptReader implements Reader {
  readonly large: LargeReader;
  #isLoading = false;
  /** Whether one run may read several keys. */
  #isJoint = true;

  /** @param isTimed Whether it matters how long Redis keeps a value. */
  constructor(readonly redis: Redis, readonly method: ScriptMethod, readonly isTimed: boolean) {
    this.large = new LargeReader(redis, isTimed);
  }

  async read(keys: readonly Key[], room: number): Promise<Read[]> {
    if (keys.length === 1) return [await this.#readOne(keys[0]!, room)];
    if (!this.#isJoint) return orThrow(await this.readEach(keys, room));
    if (keys.length <= RUN_KEYS) return await this.#readJointly(keys, room);
    const share = room / Math.ceil(keys.length / RUN_KEYS);
    const runs: Promise<Read[]>[] = [];
    for (let at = 0; at < keys.length; at += RUN_KEYS) {
      runs.push(this.#readJointly(keys.slice(at, at + RUN_KEYS), share));
    }
    return (await Promise.all(runs)).flat();
  }

  async readEach(keys: readonly Key[], room: number): Promise<(Read | Error)[]> {
    let replies: PipelineReplies;
    try {
      replies = await this.#runEach(keys, room / keys.length);
    } catch (error) {
      return keys.map(() => error as Error);
    }
    return await Promise.all(keys.map(async (key, index) => {
      const [error, reply] = replies[index]!;
      try {
        return error === null ? readOf(this.method.command, reply) : await this.#failed(key, error);
      } catch (error) {
        return error as Error;
      }
    }));
  }

  async #readOne(key: Key, room: number): Promise<Read> {
    try {
      return readOf(this.method.command, await this.#run([key], room));
    } catch (error) {
      return await this.#failed(key, error as Error);
    }
  }

  /** Reads keys by one run. */
  async #readJointly(keys: readonly Key[], room: number): Promise<Read[]> {
    // A run with one key answers with what it found, not with an array of that.
    if (keys.length === 1) return [await this.#readOne(keys[0]!, room)];
    let reply: unknown;
    try {
      reply = await this.#run(keys, room);
    } catch (error) {
      if (!isReply(error)) throw error;
      // One key that may not be read, or is elsewhere, is no reason to refuse the others.
      this.#isJoint = !/^(NOPERM|CROSSSLOT|MOVED|ASK) /.test(error.message);
      return orThrow(await this.readEach(keys, room));
    }
    const { command } = this.method;
    const found = arrayOf(command, reply, keys.length)
      .map((one) => isReply(one) ? one : readOf(command, one));
    if (!found.some(isReply)) return found as Read[];
    return await Promise.all(
      found.map((one, index) => isReply(one) ? this.#failed(keys[index]!, one) : one as Read),
    );
  }

  #run(keys: readonly Key[], room: number): Promise<unknown> {
    const { command, sha } = this.method;
    const bytes = String(Math.min(RUN_BYTES, Math.floor(room)));
    return this.redis.callBuffer(command, sha, `${keys.length}`, ...keys.map(argumentOf), bytes);
  }

  /** Runs the script for each key, in one trip. */
  async #runEach(keys: readonly Key[], room: number): Promise<PipelineReplies> {
    const { command, sha } = this.method;
    const pipeline = this.redis.pipeline();
    const bytes = String(Math.floor(room));
    for (const key of keys) pipeline.callBuffer(command, sha, "1", argumentOf(key), bytes);
    return repliesOf(await pipeline.exec(), keys.length);
  }

  /** A script's error has other words than GET's: GET is asked for its own, if it has one. */
  async #failed(key: Key, error: Error): Promise<Fetched> {
    if (!isReply(error)) throw error;
    if (/^WRONGTYPE [^:]+$/.test(error.message)) return new Failure("reply", error.message);
    if (error.message.startsWith("NOSCRIPT")) this.#load();
    const fetched = await readPlain(this.redis, key);
    // Its end in time is unknown: it must not be kept.
    return this.isTimed && fetched instanceof Found ? new Found(fetched.value, 0) : fetched;
  }

  #load(): void {
    if (this.#isLoading) return;
    this.#isLoading = true;
    this.redis.call("SCRIPT", "LOAD", this.method.script)
      .catch(() => {/* The next read finds that out. */})
      .finally(() => this.#isLoading = false);
  }
}
