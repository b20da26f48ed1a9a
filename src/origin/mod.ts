/**
 * The origin: reads keys from the backing Redis, a bounded number at a time, through one connection
 * with natural pipelining, and large values through others. A read never waits without bound: for
 * its turn at most the queue's patience, for the connection and then for the answer at most the
 * origin's time-out.
 *
 * A read whose connection is lost is tried again once, each key by itself. So one key that costs
 * the connection is found out, and does not take the others with it.
 *
 * @module
 */
import { isTrouble } from "../core/redis_errors.ts";
import type { Log } from "../core/log.ts";
import type { Stats } from "../core/stats.ts";
import { Failure, type Fetched, type Flight, type Millis, type Origin } from "../core/types.ts";
import { Blame } from "./blame.ts";
import { Breaker } from "./breaker.ts";
import type { ByteBudget } from "./byte_budget.ts";
import { openLane } from "./lane_connection.ts";
import { LargeValues } from "./large_values.ts";
import type { Link } from "./link.ts";
import { failureOf } from "./loss.ts";
import type { Pair } from "./pair.ts";
import { Large, type Read, WrongReply } from "./replies.ts";
import { FIRST_STEP_BYTES } from "./script.ts";
import type { Semaphore } from "./semaphore.ts";
import { Trip } from "./trip.ts";
import { SilenceWatch } from "./watch.ts";
import { Window } from "./window.ts";

/** Room for the values of a trip that is made again, in bytes: it must not cost the connection. */
const CAREFUL_ROOM = 64 * 1024;

export class RedisOrigin implements Origin {
  readonly #watch: SilenceWatch;
  /** Refuses reads while one after the other fails. */
  readonly breaker = new Breaker();
  readonly #window = new Window();
  readonly #blame: Blame;
  readonly #larges: LargeValues;
  /** The last trip that is made again. */
  #again: Promise<void> = Promise.resolve();
  /** The last pair that was lost with reads under way. */
  #lostPair: Pair | null = null;

  /**
   * @param budget Bytes of large values that may be under way at once.
   * @param open Connects a lane for large values.
   */
  constructor(
    readonly link: Link,
    readonly permits: Semaphore,
    readonly budget: ByteBudget,
    readonly stats: Stats,
    log: Log,
    open = (pair: Pair) => openLane(link, pair),
  ) {
    const { timeout } = link.options;
    this.#watch = new SilenceWatch(
      timeout,
      () => link.pair?.data.stream.bytesRead ?? 0,
      () => link.giveUp({ reason: "timeout", message: `no answer within ${timeout} ms` }),
    );
    this.#blame = new Blame(log, stats);
    this.#larges = new LargeValues({
      link,
      budget,
      open,
      watch: this.#watch,
      lose: (pair, error) => this.#lose(pair, error),
      mostWaiting: permits.options.permits / 2,
      blame: this.#blame,
    });
  }

  /** Ends all connections and their watches for good; reads that wait fail. */
  close(): void {
    this.link.close();
    this.#watch.close();
    this.#larges.close();
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
      this.#read(new Trip(flights));
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

  /** Makes a trip. Never rejects. */
  async #read(trip: Trip): Promise<void> {
    const admission = this.permits.tryAcquire() ? "granted" : await this.permits.acquire();
    if (admission !== "granted") {
      const why = admission === "full" ? "the queue is full" : "the wait was too long";
      return this.#fail(trip, new Failure("busy", `Too many reads wait for Redis: ${why}`));
    }
    try {
      if (await this.#attempt(trip) === "lost") await this.#attemptInTurn(trip);
      if (trip.larges.length > 0) await Promise.all(trip.larges);
    } catch (error) {
      // A fault of this program, or no memory: the clients are told, and the others are served.
      this.#fail(trip, this.#blame.faultOf(error as Error));
    } finally {
      this.permits.release();
    }
  }

  /** Reads over the pair that there is. */
  async #attempt(trip: Trip): Promise<"done" | "lost"> {
    const pair = this.link.pair ?? await this.link.up();
    if (pair === null) {
      // Redis has not seen this read, so it says nothing to the breaker.
      this.stats.originFailures += trip.fail(failureOf(this.link.loss), performance.now());
      return "done";
    }
    const sentAt = performance.now();
    this.stats.originReads += trip.keys.length;
    trip.sent(sentAt);
    const room = this.#window.enter();
    let reads: Read[];
    try {
      reads = await this.#watch.during(pair.reader.read(trip.keys, room));
    } catch (error) {
      this.#window.failed();
      this.#lose(pair, error);
      return "lost";
    }
    const now = performance.now();
    this.#window.leave(sentAt, now, bytesOf(reads), reads.some(isShort));
    this.#take(pair, trip, reads, now);
    return "done";
  }

  /** Makes trips again, one after the other: then it is known which key costs the connection. */
  #attemptInTurn(trip: Trip): Promise<void> {
    const attempt = this.#again.then(() => this.#attemptEach(trip));
    this.#again = attempt.catch(() => {/* Its own trip is told. */});
    return attempt;
  }

  /** Reads each key of a trip by itself. */
  async #attemptEach(trip: Trip): Promise<void> {
    const pair = this.link.loss.reason === "away" ? this.link.pair ?? await this.link.up() : null;
    if (pair === null) return this.#failAway(trip);
    this.stats.originReads += trip.keys.length;
    trip.sent(performance.now());
    const found = await this.#watch.during(pair.reader.readEach(trip.keys, CAREFUL_ROOM));
    const lost = found.find((one) => one instanceof Error);
    if (lost !== undefined) this.#lose(pair, lost);
    this.#take(pair, trip, this.#explain(found), performance.now());
  }

  /** Replaces errors by failures: the key to blame has its own, for replies come in order. */
  #explain(found: readonly (Read | Error)[]): Read[] {
    const first = found.findIndex((one) => one instanceof Error && !(one instanceof WrongReply));
    const isSilence = this.link.loss.reason === "timeout";
    return found.map((one, index) => {
      if (!(one instanceof Error)) return one;
      const isBlamed = one instanceof WrongReply || (index === first && !isSilence);
      return isBlamed ? this.#blame.failureOf(one) : failureOf(this.link.loss);
    });
  }

  /** Settles what was read; large values take longer. */
  #take(pair: Pair, trip: Trip, reads: readonly Read[], now: number): void {
    this.#judge(reads, now);
    reads.forEach((one, index) => {
      if (one instanceof Large) trip.larges.push(this.#readLarge(pair, trip, index, one));
      else this.#settle(trip, index, one, now);
    });
  }

  async #readLarge(pair: Pair, trip: Trip, index: number, large: Large): Promise<void> {
    let found: Fetched;
    try {
      const wanted = new Large(large.length, large.timeToLive, trip.narrow(index, large.length));
      found = await this.#larges.read(pair, trip, trip.keys[index]!, wanted);
    } catch (error) {
      found = this.#blame.faultOf(error as Error);
    }
    this.#settle(trip, index, found, performance.now());
  }

  #settle(trip: Trip, index: number, fetched: Fetched, now: number): void {
    if (fetched instanceof Failure) this.stats.originFailures++;
    trip.settle(index, fetched, now);
  }

  /** Tells the breaker how reads went. */
  #judge(reads: readonly Read[], now: number): void {
    const failure = reads.find((one) => !(one instanceof Large) && isTrouble(one));
    if (failure !== undefined) this.breaker.failed(failure as Failure, now);
    else if (reads.some(isAnswer)) this.breaker.succeeded();
  }

  /**
   * A read over a pair was lost, so the pair is given up: the event that it has ended comes later,
   * and a connection that replies wrongly does not end by itself.
   */
  #lose(pair: Pair, error: unknown): void {
    if (this.#lostPair === pair) return;
    this.#lostPair = pair;
    this.#window.lost(performance.now());
    if (this.link.pair !== pair) return;
    const message = error instanceof WrongReply ? error.message : "Redis closed the connection";
    this.link.giveUp({ reason: "away", message });
  }

  #failAway(trip: Trip): void {
    this.#fail(trip, failureOf(this.link.loss));
  }

  #fail(trip: Trip, failure: Failure): void {
    const now = performance.now();
    if (isTrouble(failure)) this.breaker.failed(failure, now);
    this.stats.originFailures += trip.fail(failure, now);
  }
}

/** Bytes of values that were read. */
function bytesOf(reads: readonly Read[]): number {
  let bytes = 0;
  for (const one of reads) {
    if (one !== null && "value" in one) bytes += one.value.length;
  }
  return bytes;
}

/** Whether a value would have come at once, had there been room. */
function isShort(read: Read): boolean {
  return read instanceof Large && read.length <= FIRST_STEP_BYTES;
}

/** Whether Redis said it, be it an error. */
function isAnswer(read: Read): boolean {
  return !(read instanceof Failure) || read.reason === "reply";
}
