/**
 * The origin: reads keys from the backing Redis, a bounded number at a time, through one connection
 * with natural pipelining. A read never waits without bound: for its turn at most the queue's
 * patience, for the connection and then for the answer at most the origin's time-out.
 *
 * @module
 */
import type { ByteBudget } from "../byte_budget.ts";
import { isTrouble } from "../coherence/trouble.ts";
import { Failure, type FailureReason, type Fetched, type Key, type Origin } from "../protocol.ts";
import type { Semaphore } from "../semaphore.ts";
import type { Stats } from "../stats.ts";
import { Breaker } from "./breaker.ts";
import type { Link } from "./link.ts";
import type { Pair } from "./pair.ts";
import { Large } from "./reader.ts";
import { SilenceWatch } from "./watch.ts";

/** What it costs to read a large value, in its own size: what comes, and what is not collected yet. */
const READ_COST = 2;

/** What is found of a key, at once or a little later. */
type Reading = Fetched | Promise<Fetched>;

export class RedisOrigin implements Origin {
  readonly #watch: SilenceWatch;
  /** Refuses reads while one after the other fails. */
  readonly breaker = new Breaker();

  /** @param budget Bytes of large values that may be under way at once. */
  constructor(
    readonly link: Link,
    readonly permits: Semaphore,
    readonly budget: ByteBudget,
    readonly stats: Stats,
  ) {
    const { timeout } = link.options;
    this.#watch = new SilenceWatch(
      timeout,
      () => link.pair?.data.stream.bytesRead ?? 0,
      () => link.giveUp({ reason: "timeout", message: `no answer within ${timeout} ms` }),
    );
  }

  /** Ends the connection and its watch for good; reads that wait fail. */
  close(): void {
    this.link.close();
    this.#watch.close();
  }

  fence(): Promise<boolean> {
    return this.link.fence();
  }

  hasRoom(): boolean {
    return this.link.pair !== null && this.permits.waiting === 0 && this.permits.hasRoom;
  }

  async read(keys: readonly Key[], onSent: () => void): Promise<Reading[]> {
    const refusal = this.breaker.refusal(performance.now());
    if (refusal !== null) {
      this.stats.originRefusals += keys.length;
      return keys.map(() => refusal);
    }
    const admission = this.permits.tryAcquire() ? "granted" : await this.permits.acquire();
    if (admission !== "granted") {
      const why = admission === "full" ? "the queue is full" : "the wait was too long";
      return this.#fail(keys, "busy", `Too many reads wait for Redis: ${why}`);
    }
    const fetched = await this.#readTwice(keys, onSent);
    this.#judge(fetched.filter((one): one is Fetched => !(one instanceof Promise)));
    let late = 0;
    for (const one of fetched) {
      if (!(one instanceof Promise)) continue;
      late++;
      one.then((found) => {
        this.#judge([found]);
        if (--late === 0) this.permits.release();
      });
    }
    if (late === 0) this.permits.release();
    return fetched;
  }

  /** Tells the breaker how reads went. */
  #judge(fetched: readonly Fetched[]): void {
    const failure = fetched.find(isTrouble);
    if (failure !== undefined) this.breaker.failed(failure, performance.now());
    else if (fetched.some(isAnswer)) this.breaker.succeeded();
  }

  /** Reads once more where the connection was lost on the way: a read does no harm twice. */
  async #readTwice(keys: readonly Key[], onSent: () => void): Promise<Reading[]> {
    const first = await this.#attempt(keys, onSent);
    if (first !== null) return first;
    const second = this.link.loss.reason === "away" ? await this.#attempt(keys, onSent) : null;
    return second ?? this.#fail(keys, ...this.#loss());
  }

  /** Reads over the connection that there is; null when there is none, or when it is lost. */
  async #attempt(keys: readonly Key[], onSent: () => void): Promise<Reading[] | null> {
    const pair = this.link.pair ?? await this.link.up();
    if (pair === null) return null;
    this.stats.originReads += keys.length;
    onSent();
    try {
      const read = await this.#watched(pair.reader.read(keys));
      return read.map((one, index) => {
        if (one instanceof Large) return this.#readLarge(pair, keys[index]!, one, onSent);
        if (one instanceof Failure) this.stats.originFailures++;
        return one;
      });
    } catch {
      return null;
    }
  }

  /** Reads a large value as soon as there is room for it. */
  async #readLarge(pair: Pair, key: Key, large: Large, onSent: () => void): Promise<Fetched> {
    const { length } = large;
    const isShort = this.budget.waiting < this.permits.options.permits / 2;
    if (!isShort || !await this.budget.acquire(READ_COST * length)) {
      return this.#fail([key], "busy", "Too many large values wait for Redis")[0]!;
    }
    try {
      return await this.#watched(pair.reader.readLarge(key, large));
    } catch {
      const again = this.link.loss.reason === "away" ? await this.#attempt([key], onSent) : null;
      return await (again ?? this.#fail([key], ...this.#loss()))[0]!;
    } finally {
      // Whoever waits for the value first has to have it, and to count it.
      setTimeout(() => this.budget.release(READ_COST * length));
    }
  }

  async #watched<T>(work: Promise<T>): Promise<T> {
    this.#watch.sent();
    try {
      return await work;
    } finally {
      this.#watch.settled();
    }
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

/** Whether Redis said it, be it an error. */
function isAnswer(fetched: Fetched): boolean {
  return !(fetched instanceof Failure) || fetched.reason === "reply";
}
