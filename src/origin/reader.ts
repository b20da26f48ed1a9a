/**
 * How keys are read over one connection: each value and its remaining time in one atomic step by a
 * script where Redis lets us, else by two commands in one trip, else the value alone.
 *
 * The script answers with the length instead of a value for which there is no room, so that it can
 * be read in a second step, over another connection.
 *
 * @module
 */
import type { Redis } from "ioredis";
import { Failure, type Fetched, Found, type Key } from "../core/types.ts";
import { argumentOf } from "./argument.ts";
import { type Handshake, isReply } from "./handshake.ts";
import { LargeReader } from "./large_reader.ts";
import {
  arrayOf,
  pairOf,
  type PipelineReplies,
  type Read,
  readOf,
  readPlain,
  repliesOf,
  valueOf,
} from "./replies.ts";
import { chooseMethod, type ReadMethod, RUN_BYTES } from "./script.ts";

/** Keys that one run of the script reads at most: Redis does nothing else meanwhile. */
const RUN_KEYS = 128;

export class Reader {
  #isLoading = false;
  /** Whether one run of the script may read several keys. */
  #isJoint = true;
  /** Reads large values over this very connection. */
  readonly large: LargeReader;

  private constructor(
    readonly redis: Redis,
    readonly method: ReadMethod["kind"],
    readonly script = "",
    readonly command = "",
    readonly sha = "",
    readonly isTimed = true,
  ) {
    this.large = new LargeReader(redis, isTimed);
  }

  /**
   * Finds out which way the server allows.
   *
   * @param isTimed Whether it matters how long Redis keeps a value.
   * @param key A key that nobody has.
   */
  static async choose(
    redis: Redis,
    handshake: Handshake,
    isTimed: boolean,
    key: Key,
  ): Promise<Reader> {
    const method = await chooseMethod(handshake, isTimed, key);
    if (method.kind !== "script") return new Reader(redis, method.kind);
    return new Reader(redis, "script", method.script, method.command, method.sha, isTimed);
  }

  /**
   * Reads keys in one trip. Rejects when the connection is lost, or replies wrongly to any of them.
   *
   * @param room Bytes of values that the trip may bring, where the method can tell beforehand.
   */
  async read(keys: readonly Key[], room: number): Promise<Read[]> {
    if (keys.length === 1 && this.method !== "pipeline") {
      return [await this.#readOne(keys[0]!, room)];
    }
    if (this.method !== "script" || !this.#isJoint) return await this.#readApart(keys, room);
    if (keys.length <= RUN_KEYS) return await this.#readJointly(keys, room);
    const share = room / Math.ceil(keys.length / RUN_KEYS);
    const runs: Promise<Read[]>[] = [];
    for (let at = 0; at < keys.length; at += RUN_KEYS) {
      runs.push(this.#readJointly(keys.slice(at, at + RUN_KEYS), share));
    }
    return (await Promise.all(runs)).flat();
  }

  /**
   * Reads keys in one trip, each by a command of its own. Never rejects: an error stands in the place
   * of a key whose reply was lost or wrong, whatever became of the others.
   *
   * @param room As for `read`.
   */
  async readEach(keys: readonly Key[], room: number): Promise<(Read | Error)[]> {
    let replies: PipelineReplies;
    try {
      replies = await this.#askEach(keys, room / keys.length);
    } catch (error) {
      return keys.map(() => error as Error);
    }
    return await Promise.all(
      keys.map((key, index) => this.#readAt(replies, index, key).catch((error) => error as Error)),
    );
  }

  async #readOne(key: Key, room: number): Promise<Read> {
    if (this.method === "plain") return await readPlain(this.redis, key);
    try {
      return readOf(this.command, await this.#run([key], room));
    } catch (error) {
      return await this.#failed(key, error as Error);
    }
  }

  /** Reads keys by one run of the script. */
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
      return await this.#readApart(keys, room);
    }
    const found = arrayOf(this.command, reply, keys.length)
      .map((one) => isReply(one) ? one : readOf(this.command, one));
    if (!found.some(isReply)) return found as Read[];
    return await Promise.all(
      found.map((one, index) => isReply(one) ? this.#failed(keys[index]!, one) : one as Read),
    );
  }

  /** Reads keys as `readEach` does, but rejects as `read` does. */
  async #readApart(keys: readonly Key[], room: number): Promise<Read[]> {
    const found = await this.readEach(keys, room);
    const error = found.find((one) => one instanceof Error);
    if (error !== undefined) throw error;
    return found as Read[];
  }

  #run(keys: readonly Key[], room: number): Promise<unknown> {
    const names = keys.map(argumentOf);
    const bytes = String(Math.min(RUN_BYTES, Math.floor(room)));
    return this.redis.callBuffer(this.command, this.sha, String(keys.length), ...names, bytes);
  }

  async #askEach(keys: readonly Key[], room: number): Promise<PipelineReplies> {
    const bytes = String(Math.floor(room));
    const pipeline = this.redis.pipeline();
    for (const key of keys) {
      const name = argumentOf(key);
      if (this.method === "script") pipeline.callBuffer(this.command, this.sha, "1", name, bytes);
      else pipeline.getBuffer(name);
      if (this.method === "pipeline") pipeline.pttl(name);
    }
    const { length } = pipeline;
    return repliesOf(await pipeline.exec(), length);
  }

  /** What `askEach` was answered for the key in a place. */
  async #readAt(replies: PipelineReplies, index: number, key: Key): Promise<Read> {
    if (this.method === "pipeline") return pairOf(replies, 2 * index);
    const [error, reply] = replies[index]!;
    if (error !== null) return await this.#failed(key, error);
    if (this.method === "script") return readOf(this.command, reply);
    const value = valueOf("GET", reply);
    return value === null ? null : new Found(value);
  }

  /** A script's error has other words than GET's: GET is asked for its own, if it has one. */
  async #failed(key: Key, error: Error): Promise<Fetched> {
    if (!isReply(error)) throw error;
    if (this.method !== "script" || /^WRONGTYPE [^:]+$/.test(error.message)) {
      return new Failure("reply", error.message);
    }
    if (error.message.startsWith("NOSCRIPT")) this.#load();
    const fetched = await readPlain(this.redis, key);
    // Its end in time is unknown: it must not be kept.
    return this.isTimed && fetched instanceof Found ? new Found(fetched.value, 0) : fetched;
  }

  #load(): void {
    if (this.#isLoading) return;
    this.#isLoading = true;
    this.redis.call("SCRIPT", "LOAD", this.script)
      .catch(() => {/* The next read finds that out. */})
      .finally(() => this.#isLoading = false);
  }
}
