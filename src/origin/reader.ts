/**
 * How a key is read over one connection: its value and its remaining time in one atomic step by a
 * script where Redis lets us, else by two commands in one trip, else the value alone.
 *
 * The script answers with the length instead of a value that is too large, so that it can be read in
 * a second step, when there is room for it.
 *
 * @module
 */
import type { Redis } from "ioredis";
import { Buffer } from "node:buffer";
import { Failure, type Fetched, Found, type Key } from "../core/types.ts";
import { type Handshake, isReply } from "./handshake.ts";
import { PieceReader } from "./pieces.ts";
import { chooseMethod, type ReadMethod } from "./script.ts";

/** A value that is too large for the first step. */
export class Large {
  constructor(readonly length: number, readonly timeToLive: number) {}
}

/** What one step came to. */
export type Read = Fetched | Large;

/** An argument: text where it is the same in bytes, since ioredis writes that quicker. */
function argument(key: Key): string | Buffer {
  // deno-lint-ignore no-control-regex -- all of ASCII is meant
  return /^[\x00-\x7f]*$/.test(key) ? key : Buffer.from(key, "latin1");
}

/** Size above which a value is read in pieces, in bytes: below, that is not worth its round trips. */
const WHOLE_BYTES = 4 * 1024 * 1024;

/** Keys that one run of the script reads at most: Redis does nothing else meanwhile. */
const RUN_KEYS = 128;

export class Reader {
  #isLoading = false;
  /** Whether one run of the script may read several keys. */
  #isJoint = true;
  readonly #pieces: PieceReader;

  private constructor(
    readonly redis: Redis,
    readonly method: ReadMethod["kind"],
    readonly script = "",
    readonly command = "",
    readonly sha = "",
    readonly isTimed = true,
  ) {
    this.#pieces = new PieceReader(redis);
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

  /** Reads keys in one trip. Rejects only when the connection is lost. */
  async read(keys: readonly Key[]): Promise<Read[]> {
    if (keys.length === 1 && this.method !== "pipeline") return [await this.#readOne(keys[0]!)];
    if (this.method !== "script" || !this.#isJoint) return await this.#readApart(keys);
    if (keys.length <= RUN_KEYS) return await this.#readJointly(keys);
    const runs: Promise<Read[]>[] = [];
    for (let at = 0; at < keys.length; at += RUN_KEYS) {
      runs.push(this.#readJointly(keys.slice(at, at + RUN_KEYS)));
    }
    return (await Promise.all(runs)).flat();
  }

  /** Reads keys by one run of the script. */
  async #readJointly(keys: readonly Key[]): Promise<Read[]> {
    // A run with one key answers with what it found, not with an array of that.
    if (keys.length === 1) return [await this.#readOne(keys[0]!)];
    let replies: unknown[];
    try {
      const names = keys.map(argument);
      const count = String(keys.length);
      replies = await this.redis.callBuffer(this.command, this.sha, count, ...names) as unknown[];
    } catch (error) {
      if (!isReply(error)) throw error;
      // One key that may not be read, or is elsewhere, is no reason to refuse the others.
      this.#isJoint = !/^(NOPERM|CROSSSLOT|MOVED|ASK) /.test(error.message);
      return await this.#readApart(keys);
    }
    const read = replies.map((reply, index) =>
      isReply(reply) ? this.#failed(keys[index]!, reply) : readOf(reply)
    );
    return replies.some(isReply) ? await Promise.all(read) : read as Read[];
  }

  /** Reads keys by a command for each, or two, in one trip. */
  async #readApart(keys: readonly Key[]): Promise<Read[]> {
    const pipeline = this.redis.pipeline();
    for (const key of keys) {
      const name = argument(key);
      if (this.method === "script") pipeline.callBuffer(this.command, this.sha, "1", name);
      else pipeline.getBuffer(name);
      if (this.method === "pipeline") pipeline.pttl(name);
    }
    const replies = await pipeline.exec() ?? [];
    const lost = replies.find(([error]) => error !== null && !isReply(error));
    if (lost !== undefined) throw lost[0];
    if (this.method === "pipeline") return keys.map((_, index) => pairOf(replies, 2 * index));
    return await Promise.all(
      replies.map(([error, reply], index) =>
        error === null ? readOf(reply) : this.#failed(keys[index]!, error)
      ),
    );
  }

  /** Reads a value that was too large for the first step. Rejects as `read` does. */
  async readLarge(key: Key, { length }: Large): Promise<Fetched> {
    const name = argument(key);
    const pieced = length > WHOLE_BYTES ? await this.#pieces.read(name, length) : null;
    if (pieced !== null) return new Found(pieced.value, this.#leftOf(pieced.timeToLive));
    // Or it is being changed, or that way is not allowed: whatever its size is now, it comes whole.
    if (!this.isTimed) return await this.readPlain(key);
    const replies = await this.redis.pipeline().getBuffer(name).pttl(name).exec() ?? [];
    const lost = replies.find(([error]) => error !== null && !isReply(error));
    if (lost !== undefined) throw lost[0];
    return pairOf(replies, 0);
  }

  /** Reads one key by GET, whatever its size; how long Redis keeps it is not known then. */
  async readPlain(key: Key): Promise<Fetched> {
    try {
      const value = await this.redis.getBuffer(argument(key));
      return value === null ? null : new Found(value);
    } catch (error) {
      if (isReply(error)) return new Failure("reply", error.message);
      throw error;
    }
  }

  #leftOf(timeToLive: number): number {
    if (!this.isTimed || timeToLive === -1) return Infinity;
    return Math.max(0, timeToLive);
  }

  async #readOne(key: Key): Promise<Read> {
    if (this.method === "plain") return await this.readPlain(key);
    try {
      return readOf(await this.redis.callBuffer(this.command, this.sha, "1", argument(key)));
    } catch (error) {
      return await this.#failed(key, error as Error);
    }
  }

  /** A script's error has other words than GET's: GET is asked for its own, if it has one. */
  async #failed(key: Key, error: Error): Promise<Fetched> {
    if (!isReply(error)) throw error;
    if (this.method !== "script" || /^WRONGTYPE [^:]+$/.test(error.message)) {
      return new Failure("reply", error.message);
    }
    if (error.message.startsWith("NOSCRIPT")) this.#load();
    const fetched = await this.readPlain(key);
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

function readOf(reply: unknown): Read {
  if (reply === null) return null;
  if (reply instanceof Uint8Array) return new Found(reply);
  const [value, timeToLive] = reply as [Uint8Array | number | null, number];
  const left = timeToLive < 0 ? Infinity : timeToLive;
  if (value === null) return null;
  return typeof value === "number" ? new Large(value, left) : new Found(value, left);
}

/** A value and its PTTL, which were two commands. */
function pairOf(replies: [Error | null, unknown][], at: number): Fetched {
  const [error, value] = replies[at]!;
  const [ttlError, timeToLive] = replies[at + 1]!;
  if (error !== null) return new Failure("reply", error.message);
  if (value === null) return null;
  const left = ttlError !== null || timeToLive === -2 ? 0 : timeToLive as number;
  return new Found(value as Uint8Array, left < 0 ? Infinity : left);
}
