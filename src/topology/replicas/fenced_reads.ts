/**
 * Reads keys from a replica as far as that keeps the promises of the cache, and from the master
 * otherwise.
 *
 * A replica is read only if it was proven within the lease, and if it has every value of the key that
 * a client may know already.
 *
 * @module
 */
import type { Stats } from "../../core/stats.ts";
import type { Flight, Key, Millis, Origin } from "../../core/types.ts";
import type { Ahead } from "./ahead.ts";
import type { Fence } from "./fence.ts";
import { AsideFlight, type Dispatcher, FencedFlight, type Place } from "./fenced_flight.ts";

/** What is known of the servers. */
export interface Servers {
  /** Where the connection that reads leads now; null for nowhere. */
  readonly place: "replica" | "master" | null;
  readonly fence: Fence;
  readonly ahead: Ahead;
  /** Since when the master has been right about a key at least. Default: it always is. */
  rightAt?(key: Key): Millis;
  /** A key was read at the master: the replica may have caught up soon. */
  hurry(key: Key): void;
}

export interface FencedOptions {
  readonly lease: Millis;
  readonly stats: Pick<Stats, "replicaReads" | "masterReads">;
  /** Whether what the master answers may be kept, because it announces changes. Default: no. */
  readonly keepsAside?: boolean;
  /** Whether a key is absent if the replica does not have it. Default: yes. */
  readonly provesAbsence?: boolean;
  readonly clock?: () => Millis;
  /** Runs a function at the end of the turn of the event loop. */
  readonly atEndOfTurn?: (run: () => void) => void;
}

/** The flights of a key over the connection that reads. */
interface Near {
  /** Their number. */
  count: number;
  /** Flights that leave for the master after them. */
  readonly waiting: Flight[];
}

export class FencedReads implements Origin, Dispatcher {
  readonly #clock: () => Millis;
  readonly #atEndOfTurn: (run: () => void) => void;
  readonly #near = new Map<Key, Near>();
  /** Flights that leave for the master at the end of this turn. */
  #aside: Flight[] = [];

  /**
   * @param near Reads over the connection whose changes are known.
   * @param master Reads over another connection, to the master.
   * @param prove Resolves to true once all earlier changes of the master are known.
   */
  constructor(
    readonly near: Origin,
    readonly master: Origin,
    readonly servers: Servers,
    readonly prove: () => Promise<boolean>,
    readonly options: FencedOptions,
  ) {
    this.#clock = options.clock ?? (() => performance.now());
    this.#atEndOfTurn = options.atEndOfTurn ?? queueMicrotask;
  }

  get provesAbsence(): boolean {
    return this.options.provesAbsence ?? true;
  }

  rightAt(key: Key): Millis {
    const { servers } = this;
    return Math.min(servers.fence.provenAt, servers.rightAt?.(key) ?? Infinity);
  }

  fence(): Promise<boolean> {
    return this.prove();
  }

  hasRoom(): boolean {
    return this.near.hasRoom();
  }

  read(flights: readonly Flight[]): void {
    const now = this.#clock();
    const near: Flight[] = [];
    for (const flight of flights) {
      if (this.#isNear(flight, now)) near.push(this.#begin(flight));
      else this.goAside(flight);
    }
    if (near.length > 0) this.near.read(near);
  }

  /** Whether a replica may be read for a flight. */
  mayRead({ key, mustBeCurrent }: Pick<Flight, "key" | "mustBeCurrent">, now: Millis): boolean {
    if (mustBeCurrent === true) return false;
    const { ahead, fence } = this.servers;
    return now - this.rightAt(key) <= this.options.lease && ahead.isReached(key, fence.provenAt);
  }

  sent(flight: Flight, now: Millis): Place {
    const { stats } = this.options;
    if (this.servers.place === "master") {
      stats.masterReads++;
      return "master";
    }
    stats.replicaReads++;
    return this.mayRead(flight, now) ? "replica" : "unfit";
  }

  back({ key }: Flight, place: Place | null, now: Millis): void {
    // The next server may be behind the master that has answered.
    if (place === "master" && this.servers.place !== "master") this.servers.ahead.note(key, now);
    const near = this.#near.get(key)!;
    if (--near.count > 0) return;
    this.#near.delete(key);
    for (const flight of near.waiting) this.again(flight);
  }

  isAside(key: Key): boolean {
    return this.servers.ahead.isReading(key);
  }

  again(flight: Flight): void {
    const { ahead } = this.servers;
    ahead.begin(flight.key, this.#clock());
    this.options.stats.masterReads++;
    const aside = new AsideFlight(flight, this.options.keepsAside ?? false, (key, now) => {
      ahead.end(key, now);
      this.servers.hurry(key);
    });
    if (this.#aside.push(aside) === 1) this.#atEndOfTurn(() => this.#depart());
  }

  explain(key: Key, now: Millis): Readonly<Record<string, string>> {
    const { place } = this.servers;
    if (place !== "replica") return { "read-at": place ?? "nowhere" };
    return { "read-at": this.mayRead({ key }, now) ? "replica" : "master" };
  }

  #begin(flight: Flight): FencedFlight {
    const near = this.#near.get(flight.key);
    if (near === undefined) this.#near.set(flight.key, { count: 1, waiting: [] });
    else near.count++;
    return new FencedFlight(flight, this);
  }

  /** Whether a flight takes the connection whose changes are known. */
  #isNear(flight: Flight, now: Millis): boolean {
    const { place } = this.servers;
    const areWaiting = (this.#near.get(flight.key)?.waiting.length ?? 0) > 0;
    if (place === null || areWaiting) return false;
    return place === "replica" ? this.mayRead(flight, now) : !this.isAside(flight.key);
  }

  /**
   * A key is read over one connection at a time. Otherwise, a client that asks twice could get the
   * answer to its first question from the later read.
   */
  protected goAside(flight: Flight): void {
    const near = this.#near.get(flight.key);
    if (near === undefined) this.again(flight);
    else near.waiting.push(flight);
  }

  #depart(): void {
    const flights = this.#aside;
    this.#aside = [];
    this.master.read(flights);
  }
}
