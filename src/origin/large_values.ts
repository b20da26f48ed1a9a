/**
 * Reads large values: when there is room for them, over lanes of their own. A value whose connection
 * is lost is read once more, alone: then it is known whether it costs the connection.
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
import type { Trip } from "./trip.ts";
import type { Upstream } from "./upstream.ts";
import { RecentKeys } from "./recent_keys.ts";
import type { SilenceWatch } from "./watch.ts";

/** Largest value that is no large one, in bytes. */
export const LARGEST_BYTES = 256 * 1024;

/** What it costs to read a large value, in its own size: what comes, and what is not collected yet. */
const READ_COST = 2;

/** What it takes to read large values. */
export interface LargeParts {
  readonly link: Link;
  /** Bytes of large values that may be under way at once. */
  readonly budget: ByteBudget;
  /** Connects a lane. */
  readonly open: (upstream: Upstream) => Promise<LaneConnection>;
  /** Watches the connection that reads. */
  readonly watch: SilenceWatch;
  /** Trips that may wait for room. */
  readonly mostWaiting: number;
  readonly blame: Blame;
}

/** Large values that are remembered, so that their first bytes are not brought for nothing. */
const REMEMBERED = 1024;

export class LargeValues {
  readonly #known = new RecentKeys(REMEMBERED);
  readonly #shared: Lane<Upstream>;
  readonly #alone: Lane<Upstream>;
  /** Trips with a large value that waits for room. */
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

  /** Whether any large value is remembered. */
  get isAnyKnown(): boolean {
    return this.#known.size > 0;
  }

  /** Whether the value of a key was large when it was read last. */
  isKnown(key: Key): boolean {
    return this.#known.has(key);
  }

  /** Reads a value of a trip, or what is wanted of it, once there is room. Never rejects. */
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
      // Whoever waits for the value first has to have it, and to count it.
      setTimeout(() => this.parts.budget.release(bytes));
    }
  }

  /** Reads a value that is known to be small over the connection that reads. Never rejects. */
  readAgain(upstream: Upstream, key: Key): Promise<Fetched> {
    return this.#twice(upstream, ({ large }) => large.readWhole(key));
  }

  async #readOverLane(upstream: Upstream, key: Key, large: Large): Promise<Fetched> {
    const shared = await this.#shared.read(upstream, key, large);
    if (shared instanceof NoLane) {
      // Redis gives no further connection: then beside all other reads.
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

  /** Asks the connection that reads, and once more if it is lost. */
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
    const { link, blame } = this.parts;
    const isToBlame = error instanceof WrongReply || await link.isThereAgain(upstream);
    if (isToBlame) return blame.failureOf(error, large?.transfer);
    return failureOf({ reason: "away", message: error.message });
  }

  /**
   * Waits for room; false when that takes too long, or when too many trips do so: trips, not values,
   * for one of many large values holds no more than one permit.
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
