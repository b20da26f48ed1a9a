/**
 * The origin: reads keys from Redis, a bounded number at a time, over one connection with pipelining,
 * and large values over others. Every wait is bounded: the wait for a permit by the queue's patience,
 * the waits for the connection and for the answer by the origin's timeout.
 *
 * If the connection is lost, reads are repeated once, one trip after the other. This finds a key that
 * breaks the connection, and the other keys are answered.
 *
 * @module
 */
import { isTrouble } from "../core/redis_errors.ts";
import type { Log } from "../core/log.ts";
import type { Stats } from "../core/stats.ts";
import { Failure, type Fetched, type Flight, type Millis, type Origin } from "../core/types.ts";
import { Attempt, type Break } from "./attempt.ts";
import { Blame } from "./blame.ts";
import { Breaker } from "./breaker.ts";
import type { ByteBudget } from "./byte_budget.ts";
import type { Identity } from "./greeting.ts";
import { openLane } from "./lane_connection.ts";
import { LARGEST_BYTES, LargeValues } from "./large_values.ts";
import type { Link } from "./link.ts";
import { failureOf } from "./loss.ts";
import { LARGE, type UNSURE } from "./reading.ts";
import { WrongReply } from "./replies.ts";
import type { Semaphore } from "./semaphore.ts";
import { isThereAgain } from "./there_again.ts";
import { Trip } from "./trip.ts";
import type { Upstream } from "./upstream.ts";
import { SilenceWatch } from "./watch.ts";
import { Window } from "./window.ts";

/** The minimum of bytes that each key may bring in the first step. */
const LEAST_BYTES = 1024;

/** The room of a trip is never divided among fewer keys. */
const FEW = 4;

/** Room for the values of a repeated trip, in bytes. It must not break the connection. */
const CAREFUL_ROOM = 64 * 1024;

export class RedisOrigin implements Origin {
  /** Whether reads are repeated after a loss. If not, they fail, and whoever asked goes elsewhere. */
  mayRepeat = true;
  readonly #watch: SilenceWatch;
  readonly #window = new Window();
  readonly #blame: Blame;
  readonly #larges: LargeValues;
  /** The end of the last repeated trip. */
  #again: Promise<void> = Promise.resolve();
  /** The last connections that were lost with in-flight reads. */
  #lost: Upstream | null = null;

  /**
   * @param budget The most bytes of in-flight large values.
   * @param open Connects a lane for large values.
   * @param breaker Refuses reads after several failures in a row.
   */
  constructor(
    readonly link: Link,
    readonly permits: Semaphore,
    readonly budget: ByteBudget,
    readonly stats: Stats,
    log: Log,
    open = (upstream: Upstream) => openLane(link, upstream),
    readonly breaker = new Breaker(),
  ) {
    const { timeout } = link.options;
    this.#watch = new SilenceWatch(
      timeout,
      () => link.upstream?.data.received ?? 0,
      () => {
        const message = `no answer within ${Math.round(this.patience)} ms`;
        link.giveUp({ reason: "timeout", message });
      },
    );
    this.#blame = new Blame(log, stats);
    this.#larges = new LargeValues({
      link,
      budget,
      open,
      watch: this.#watch,
      mostWaiting: permits.options.permits / 2,
      blame: this.#blame,
    });
  }

  /** How long Redis may be silent while reads wait. */
  get patience(): Millis {
    return this.#watch.timeout;
  }

  set patience(patience: Millis) {
    this.#watch.timeout = patience;
  }

  /** Ends all connections and their watches for good. Waiting reads fail. */
  close(): void {
    this.link.close();
    this.#watch.close();
    this.#larges.close();
  }

  /**
   * Authenticates again. Large values that are under way go on, and later ones get a new connection.
   *
   * @throws {Error} When Redis refuses it.
   */
  async authenticate(identity: Identity): Promise<void> {
    this.#larges.renew();
    await this.link.authenticate(identity);
  }

  async fence(): Promise<boolean> {
    const { link } = this;
    const [isFenced, isThere] = await Promise.all([link.fence(), link.location.confirm?.()]);
    return isFenced && isThere !== false;
  }

  hasRoom(): boolean {
    return this.link.upstream !== null && this.permits.waiting === 0 && this.permits.hasRoom;
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

  /** Answers probes that cannot be passed on, and returns the other flights. */
  #withoutProbes(flights: readonly Flight[], now: Millis): readonly Flight[] {
    const { guard, upstream, loss } = this.link;
    if (upstream !== null && !guard.isProbing) return flights;
    const why = upstream === null ? failureOf(loss) : null;
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
      const upstream = this.link.upstream ?? await this.link.up();
      // Redis has not seen this read, so it says nothing to the breaker.
      if (upstream === null) this.#turnAway(trip);
      else if (await this.#attempt(trip, upstream) !== null) await this.#attemptInTurn(trip);
      if (trip.larges.length > 0) await Promise.all(trip.larges);
    } catch (error) {
      // A fault of this program, or no memory: these clients get an error, others are served.
      const failure = this.#blame.faultOf(error as Error);
      this.stats.originFailures += trip.abandon(failure, performance.now());
    } finally {
      this.permits.release();
    }
  }

  /**
   * Reads the open flights of a trip. Resolves to what broke that off; null for nothing.
   *
   * @param most Room for its values in bytes, if it is to have no more.
   */
  async #attempt(trip: Trip, upstream: Upstream, most = Infinity): Promise<Break | null> {
    trip.sent(performance.now());
    this.#deferLarge(upstream, trip);
    const { open } = trip;
    this.stats.originReads += open.length;
    if (open.length === 0) return null;
    const unfit: number[] = [];
    let broken = await this.#step(trip, open, upstream, most, open.length > FEW ? unfit : null);
    // Values that did not fit beside so many others are read a few at a time.
    for (let at = 0; at < unfit.length && broken === null; at += FEW) {
      broken = await this.#step(trip, unfit.slice(at, at + FEW), upstream, most, null);
    }
    return broken;
  }

  /**
   * Reads flights of a trip at once.
   *
   * @param unfit Takes those whose values are too large for their share of the room; null if they are
   *   to be read over a lane.
   */
  async #step(
    trip: Trip,
    indexes: readonly number[],
    upstream: Upstream,
    most: number,
    unfit: number[] | null,
  ): Promise<Break | null> {
    const { data, reader } = upstream;
    const attempt = new Attempt(trip, indexes, () => data.now, (index, read) => {
      if (read === LARGE && unfit !== null) unfit.push(index);
      else trip.larges.push(this.#readLater(upstream, trip, index, read));
    });
    const room = Math.min(most, this.#window.enter());
    const share = room / Math.max(FEW, indexes.length);
    const limit = Math.floor(Math.min(LARGEST_BYTES, Math.max(LEAST_BYTES, share)));
    const sentAt = performance.now();
    let broken: Break | null;
    try {
      reader.read(attempt.keys, limit, attempt);
      broken = await this.#watch.during(attempt.over);
    } catch (error) {
      this.#window.failed();
      throw error;
    }
    if (broken === null) {
      const isShort = attempt.isShort && limit < LARGEST_BYTES;
      this.#window.leave(sentAt, data.now, attempt.bytes, isShort);
    } else {
      this.#window.failed();
      this.#lose(upstream);
    }
    this.stats.originFailures += attempt.failures;
    if (attempt.trouble !== null) this.breaker.failed(attempt.trouble, data.now);
    else if (attempt.isAnswered) this.breaker.succeeded();
    return broken;
  }

  /** Repeats trips, one after the other, to find the key that breaks the connection. */
  #attemptInTurn(trip: Trip): Promise<void> {
    const attempt = this.#again.then(() => this.#attemptAgain(trip));
    this.#again = attempt.catch(() => {/* Its own trip is told. */});
    return attempt;
  }

  async #attemptAgain(trip: Trip): Promise<void> {
    const { link } = this;
    const isRepeated = this.mayRepeat && link.loss.reason === "away";
    const upstream = isRepeated ? link.upstream ?? await link.up() : null;
    if (upstream === null) return this.#fail(trip, failureOf(link.loss));
    const broken = await this.#attempt(trip, upstream, CAREFUL_ROOM);
    if (broken === null) return;
    // Replies come in order, so the first missing one is to blame, unless Redis is silent.
    const { index, error } = broken;
    const { loss } = link;
    const isToBlame = error instanceof WrongReply ||
      (loss.reason !== "timeout" && await this.#watch.during(isThereAgain(link, upstream)));
    if (isToBlame) this.#settle(trip, index, this.#blame.failureOf(error));
    this.#fail(trip, failureOf(loss));
  }

  /** Values that were large last time are not tried in the first step. */
  #deferLarge(upstream: Upstream, trip: Trip): void {
    if (!this.#larges.isAnyKnown) return;
    for (const index of trip.open) {
      if (!this.#larges.isKnown(trip.keyOf(index))) continue;
      this.stats.originReads++;
      trip.larges.push(this.#readLater(upstream, trip, index, LARGE));
    }
  }

  /** Reads a key that needs another step. */
  async #readLater(
    upstream: Upstream,
    trip: Trip,
    index: number,
    read: typeof LARGE | typeof UNSURE,
  ): Promise<void> {
    trip.defer(index);
    const found =
      await (read === LARGE
        ? this.#larges.read(upstream, trip, index)
        : this.#larges.readAgain(upstream, trip.keyOf(index)));
    if (isTrouble(found)) this.breaker.failed(found, performance.now());
    this.#settle(trip, index, found);
  }

  /** Notes that connections were lost with in-flight reads, which may have been too large. */
  #lose(upstream: Upstream): void {
    if (this.#lost === upstream) return;
    this.#lost = upstream;
    this.#window.lost(performance.now());
  }

  #settle(trip: Trip, index: number, fetched: Fetched): void {
    if (fetched instanceof Failure) this.stats.originFailures++;
    trip.settle(index, fetched, performance.now());
  }

  #turnAway(trip: Trip): void {
    this.stats.originFailures += trip.fail(failureOf(this.link.loss), performance.now());
  }

  #fail(trip: Trip, failure: Failure): void {
    const now = performance.now();
    if (isTrouble(failure)) this.breaker.failed(failure, now);
    this.stats.originFailures += trip.fail(failure, now);
  }
}
