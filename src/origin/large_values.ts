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
import type { Link } from "./link.ts";
import { failureOf } from "./loss.ts";
import type { Pair } from "./pair.ts";
import type { Large } from "./replies.ts";
import type { Trip } from "./trip.ts";
import type { SilenceWatch } from "./watch.ts";

/** What it costs to read a large value, in its own size: what comes, and what is not collected yet. */
const READ_COST = 2;

/** What it takes to read large values. */
export interface LargeParts {
  readonly link: Link;
  /** Bytes of large values that may be under way at once. */
  readonly budget: ByteBudget;
  /** Connects a lane. */
  readonly open: (pair: Pair) => Promise<LaneConnection>;
  /** Watches the pair. */
  readonly watch: SilenceWatch;
  /** Gives up a pair over which a read was lost. */
  readonly lose: (pair: Pair, error: unknown) => void;
  /** Trips that may wait for room. */
  readonly mostWaiting: number;
  readonly blame: Blame;
}

export class LargeValues {
  readonly #shared: Lane<Pair>;
  readonly #alone: Lane<Pair>;
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

  /** Reads a value of a trip, once there is room. Never rejects. */
  async read(pair: Pair, trip: Trip, key: Key, large: Large): Promise<Fetched> {
    const bytes = READ_COST * large.transfer;
    if (!await this.#makeRoom(trip, bytes)) {
      return new Failure("busy", "Too many large values wait for Redis");
    }
    try {
      return await this.#readTwice(pair, key, large);
    } finally {
      // Whoever waits for the value first has to have it, and to count it.
      setTimeout(() => this.parts.budget.release(bytes));
    }
  }

  async #readTwice(pair: Pair, key: Key, large: Large): Promise<Fetched> {
    const shared = await this.#shared.read(pair, key, large);
    const first = shared instanceof NoLane ? await this.#readBeside(pair, key, large) : shared;
    if (!(first instanceof Lost)) return first;
    const { link, blame } = this.parts;
    const present = link.pair ?? await link.up();
    if (present === null) return failureOf(link.loss);
    const second = await this.#alone.read(present, key, large);
    if (second instanceof NoLane) return failureOf({ reason: "away", message: second.message });
    return second instanceof Lost ? blame.failureOf(second.error, large.transfer) : second;
  }

  /** Reads a value over the pair, beside all others: Redis gives no further connection. */
  async #readBeside(pair: Pair, key: Key, large: Large): Promise<Fetched | Lost> {
    const { watch, lose } = this.parts;
    try {
      return await watch.during(pair.reader.large.read(key, large));
    } catch (error) {
      lose(pair, error);
      return new Lost(error as Error);
    }
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
