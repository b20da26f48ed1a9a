/**
 * The origin: reads keys from the backing Redis, a bounded number at a time, through one connection
 * with natural pipelining. A read never waits without bound: for its turn at most the queue's
 * patience, for the connection and then for the answer at most the origin's time-out.
 *
 * @module
 */
import type { ByteBudget } from "./byte_budget.ts";
import { isTrouble } from "../core/redis_errors.ts";
import {
  Failure,
  type FailureReason,
  type Fetched,
  type Flight,
  type Millis,
  type Origin,
} from "../core/types.ts";
import type { Semaphore } from "./semaphore.ts";
import type { Stats } from "../core/stats.ts";
import { Breaker } from "./breaker.ts";
import type { Link } from "./link.ts";
import { failureOf } from "./loss.ts";
import type { Pair } from "./pair.ts";
import { Large } from "./reader.ts";
import { SilenceWatch } from "./watch.ts";

/** What it costs to read a large value, in its own size: what comes, and what is not collected yet. */
const READ_COST = 2;

/** What is found of a key, at once or a little later. */
type Reading = Fetched | Promise<Fetched>;

/** Keys that are read together, for one permit. */
interface Trip {
  readonly flights: readonly Flight[];
  /** Its large values that wait for room. */
  waiting: number;
}

export class RedisOrigin implements Origin {
  readonly #watch: SilenceWatch;
  /** Refuses reads while one after the other fails. */
  readonly breaker = new Breaker();
  /** Trips with a large value that waits for room. */
  #waitingTrips = 0;

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

  read(asked: readonly Flight[]): void {
    const now = performance.now();
    const flights = this.#withoutProbes(asked, now);
    if (flights.length === 0) return;
    const refusal = this.breaker.refusal(now);
    if (refusal === null) {
      this.#read(flights);
      return;
    }
    this.stats.originRefusals += flights.length;
    for (const flight of flights) flight.settled(refusal, now);
  }

  /** Answers the probes of this proxy, and those of others that it cannot pass on; returns the rest. */
  #withoutProbes(flights: readonly Flight[], now: Millis): readonly Flight[] {
    const { guard, pair, loss } = this.link;
    if (pair !== null && !guard.isProbing) return flights;
    const why = pair === null ? failureOf(loss) : null;
    return flights.filter((flight) => {
      const answer = guard.answerTo(flight.key, why);
      if (answer !== null) flight.settled(answer, now);
      return answer === null;
    });
  }

  async #read(flights: readonly Flight[]): Promise<void> {
    const admission = this.permits.tryAcquire() ? "granted" : await this.permits.acquire();
    if (admission !== "granted") {
      const why = admission === "full" ? "the queue is full" : "the wait was too long";
      const failures = this.#fail(flights, "busy", `Too many reads wait for Redis: ${why}`);
      return settle(flights, failures, performance.now());
    }
    const fetched = await this.#readTwice({ flights, waiting: 0 });
    this.#judge(fetched.filter((one): one is Fetched => !(one instanceof Promise)));
    let late = 0;
    fetched.forEach((one, index) => {
      if (!(one instanceof Promise)) return;
      late++;
      one.then((found) => {
        this.#judge([found]);
        if (--late === 0) this.permits.release();
        flights[index]!.settled(found, performance.now());
      });
    });
    if (late === 0) this.permits.release();
    settle(flights, fetched, performance.now());
  }

  /** Tells the breaker how reads went. */
  #judge(fetched: readonly Fetched[]): void {
    const failure = fetched.find(isTrouble);
    if (failure !== undefined) this.breaker.failed(failure, performance.now());
    else if (fetched.some(isAnswer)) this.breaker.succeeded();
  }

  /** Reads once more where the connection was lost on the way: a read does no harm twice. */
  async #readTwice(trip: Trip): Promise<Reading[]> {
    const first = await this.#attempt(trip);
    if (first !== null) return first;
    const second = this.link.loss.reason === "away" ? await this.#attempt(trip) : null;
    return second ?? this.#unreachable(trip.flights);
  }

  /**
   * Reads over the connection that there is; null when there is none, or when it is lost.
   *
   * @param only The place of the one key that is to be read; without it all are.
   */
  async #attempt(trip: Trip, only?: number): Promise<Reading[] | null> {
    const pair = this.link.pair ?? await this.link.up();
    if (pair === null) return null;
    const flights = only === undefined ? trip.flights : [trip.flights[only]!];
    this.stats.originReads += flights.length;
    const now = performance.now();
    for (const flight of flights) flight.sent(now);
    try {
      const read = await this.#watched(pair.reader.read(flights.map(({ key }) => key)));
      return read.map((one, index) => {
        if (one instanceof Large) return this.#readLarge(pair, trip, only ?? index, one);
        if (one instanceof Failure) this.stats.originFailures++;
        return one;
      });
    } catch {
      this.link.lost(pair);
      return null;
    }
  }

  /** Reads a large value as soon as there is room for it. */
  async #readLarge(pair: Pair, trip: Trip, index: number, large: Large): Promise<Fetched> {
    const flight = trip.flights[index]!;
    const bytes = READ_COST * large.length;
    if (!await this.#makeRoom(trip, bytes)) {
      return this.#fail([flight], "busy", "Too many large values wait for Redis")[0]!;
    }
    try {
      return await this.#watched(pair.reader.readLarge(flight.key, large));
    } catch {
      // What follows is no part of this reading, and asks for room itself.
      this.link.lost(pair);
    } finally {
      // Whoever waits for the value first has to have it, and to count it.
      setTimeout(() => this.budget.release(bytes));
    }
    const again = this.link.loss.reason === "away" ? await this.#attempt(trip, index) : null;
    return await (again ?? this.#unreachable([flight]))[0]!;
  }

  /**
   * Waits for room; false when that takes too long, or when half of the permits are held by trips
   * that do so: trips, not values, for one of many large values holds no more than one permit.
   */
  async #makeRoom(trip: Trip, bytes: number): Promise<boolean> {
    const isFirst = trip.waiting === 0;
    if (isFirst && this.#waitingTrips >= this.permits.options.permits / 2) return false;
    const { waiting } = this.budget;
    const room = this.budget.acquire(bytes);
    if (this.budget.waiting === waiting) return await room;
    if (trip.waiting++ === 0) this.#waitingTrips++;
    const isGranted = await room;
    if (--trip.waiting === 0) this.#waitingTrips--;
    return isGranted;
  }

  async #watched<T>(work: Promise<T>): Promise<T> {
    this.#watch.sent();
    try {
      return await work;
    } finally {
      this.#watch.settled();
    }
  }

  #fail(flights: readonly Flight[], reason: FailureReason, message: string): Failure[] {
    this.stats.originFailures += flights.length;
    return flights.map(() => new Failure(reason, message));
  }

  /** There is no connection for these reads. */
  #unreachable(flights: readonly Flight[]): Failure[] {
    const { reason, message } = failureOf(this.link.loss);
    return this.#fail(flights, reason, message);
  }
}

/** Reports what was found at once; what comes later reports itself. */
function settle(flights: readonly Flight[], fetched: readonly Reading[], now: Millis): void {
  fetched.forEach((one, index) => {
    if (!(one instanceof Promise)) flights[index]!.settled(one, now);
  });
}

/** Whether Redis said it, be it an error. */
function isAnswer(fetched: Fetched): boolean {
  return !(fetched instanceof Failure) || fetched.reason === "reply";
}
