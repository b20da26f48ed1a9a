/**
 * Reads large values over lanes, when there is room for them. If the connection is lost, a value is
 * read once more, alone: this shows whether the value breaks the connection.
 *
 * @module
 */
import { Failure, type Fetched, type Key } from "../core/types.ts";
import type { Blame } from "./blame.ts";
import type { ByteBudget } from "./byte_budget.ts";
import { Lane, type LaneConnection, Lost, NoLane } from "./lane.ts";
import { Large } from "./large.ts";
import type { Link } from "./link.ts";
import { failureOf } from "./loss.ts";
import { WrongReply } from "./replies.ts";
import { isThereAgain } from "./there_again.ts";
import type { Trip } from "./trip.ts";
import type { Upstream } from "./upstream.ts";
import { RecentKeys } from "./recent_keys.ts";
import type { SilenceWatch } from "./watch.ts";

/** A longer value, in bytes, is large. */
export const LARGEST_BYTES = 256 * 1024;

/** The memory to read a large value, in multiples of its size: the bytes, and garbage. */
const READ_COST = 2;

/** What reads of large values need. */
export interface LargeParts {
  readonly link: Link;
  /** The most bytes of in-flight large values. */
  readonly budget: ByteBudget;
  /** Connects a lane. */
  readonly open: (upstream: Upstream) => Promise<LaneConnection>;
  /** Watches the connection that reads. */
  readonly watch: SilenceWatch;
  /** The most trips that wait for room. */
  readonly mostWaiting: number;
  readonly blame: Blame;
}

/** The most large keys to remember, so that their first bytes are not read in vain. */
const REMEMBERED = 1024;

export class LargeValues {
  readonly #known = new RecentKeys(REMEMBERED);
  readonly #shared: Lane<Upstream>;
  readonly #alone: Lane<Upstream>;
  /** The number of trips with a large value that waits for room. */
  #waitingTrips = 0;

  constructor(readonly parts: LargeParts) {
    const { link, open } = parts;
    const { timeout } = link.options;
    this.#shared = new Lane(open, timeout, false);
    this.#alone = new Lane(open, timeout, true);
  }

  close(): void {
    this.#shared.close();
    this.#alone.close();
  }

  /** Has later values read over new connections. */
  renew(): void {
    this.#shared.renew();
    this.#alone.renew();
  }

  /** Whether any large value is remembered. */
  get isAnyKnown(): boolean {
    return this.#known.size > 0;
  }

  /** Whether the value of a key was large when it was read last. */
  isKnown(key: Key): boolean {
    return this.#known.has(key);
  }

  /** Reads a value of a trip, or its wanted window, once there is room. Never rejects. */
  async read(upstream: Upstream, trip: Trip, index: number): Promise<Fetched> {
    const key = trip.keyOf(index);
    const length = await this.#twice(upstream, ({ large }) => large.measure(key));
    if (length instanceof Failure) return length;
    if (length > LARGEST_BYTES) this.#known.add(key);
    else this.#known.delete(key);
    const large = new Large(length, trip.narrow(index, length));
    const bytes = READ_COST * large.transfer;
    if (!await this.#makeRoom(trip, bytes)) {
      return new Failure("busy", "Too many large values wait for Redis");
    }
    try {
      return await this.#readOverLane(upstream, key, large);
    } finally {
      // The waiters must have the value first, and count it.
      setTimeout(() => this.parts.budget.release(bytes));
    }
  }

  /** Reads a value that is known to be small over the connection for reads. Never rejects. */
  readAgain(upstream: Upstream, key: Key): Promise<Fetched> {
    return this.#twice(upstream, ({ large }) => large.readWhole(key));
  }

  async #readOverLane(upstream: Upstream, key: Key, large: Large): Promise<Fetched> {
    const shared = await this.#shared.read(upstream, key, large);
    if (shared instanceof NoLane) {
      // Redis accepts no further connection, so it takes the connection for reads.
      return await this.#twice(upstream, (there) => there.large.read(key, large), large);
    }
    if (!(shared instanceof Lost)) return shared;
    const { link } = this.parts;
    const present = link.upstream ?? await link.up();
    if (present === null) return failureOf(link.loss);
    const alone = await this.#alone.read(present, key, large);
    if (alone instanceof NoLane) return failureOf({ reason: "away", message: alone.message });
    return alone instanceof Lost ? await this.#failureOf(present, alone.error, large) : alone;
  }

  /** Reads over the connection for reads, and repeats it once after a loss. */
  async #twice<T>(
    upstream: Upstream,
    ask: (upstream: Upstream) => Promise<T>,
    large?: Large,
  ): Promise<T | Failure> {
    const { link, watch } = this.parts;
    try {
      return await watch.during(ask(upstream));
    } catch {
      const present = link.loss.reason === "away" ? link.upstream ?? await link.up() : null;
      if (present === null) return failureOf(link.loss);
      try {
        return await watch.during(ask(present));
      } catch (error) {
        return await this.#failureOf(present, error as Error, large);
      }
    }
  }

  /** The failure of a value over which connections were lost twice, the last time with this server. */
  async #failureOf(upstream: Upstream, error: Error, large?: Large): Promise<Failure> {
    const { link, blame, watch } = this.parts;
    const isToBlame = error instanceof WrongReply ||
      await watch.during(isThereAgain(link, upstream));
    if (isToBlame) return blame.failureOf(error, large?.transfer);
    return failureOf({ reason: "away", message: error.message });
  }

  /**
   * Waits for room; false if that takes too long, or too many trips wait. It counts trips, not values,
   * because a trip with many large values holds only one permit.
   */
  async #makeRoom(trip: Trip, bytes: number): Promise<boolean> {
    const { budget, mostWaiting } = this.parts;
    const isFirst = trip.waiting === 0;
    if (isFirst && this.#waitingTrips >= mostWaiting) return false;
    const { waiting } = budget;
    const room = budget.acquire(bytes);
    if (budget.waiting === waiting) return await room;
    if (trip.waiting++ === 0) this.#waitingTrips++;
    const isGranted = await room;
    if (--trip.waiting === 0) this.#waitingTrips--;
    return isGranted;
  }
}
