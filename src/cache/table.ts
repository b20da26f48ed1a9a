/**
 * The table: every entry and every outstanding read, and the rules by which one becomes the other.
 * Pure: events and moments go in, decisions come out; no clock, no timer, no I/O. So that each
 * interleaving of what can happen may be tried out one by one.
 *
 * The rules that keep it right:
 * - identity: an answer becomes an entry only while its own flight is the key's current one;
 *   that there is some flight for the key proves nothing, it may be a younger one
 * - detach: a change of the key ends the flight under way as the current one, so that its answer
 *   is not kept and nobody who comes later waits for it; one that waits for its turn stays
 * - sent: freshness is counted from when the read was sent, never from when it was answered
 * - forget: a forced read drops the entry first, or its client could see the older value again
 *
 * @module
 */
import { ownBytes } from "../core/memory.ts";
import { Failure, type Fetched, type Key, type Millis, type Value } from "../core/types.ts";
import type { Marks } from "./store/record.ts";
import type { Store } from "./store/mod.ts";
import type { Stats } from "../core/stats.ts";
import type { Channel } from "./channel.ts";
import { Backoff } from "./backoff.ts";
import { CacheFlight, type FlightTracker, type Held } from "./entry.ts";
import { Maker } from "./entry_factory.ts";
import type { Policies } from "./policy.ts";
import { freshEnd, isRecent, whyNot } from "./proof.ts";
import { type MissReason, Reasons } from "./miss_reasons.ts";
import { isAboutKey } from "../core/redis_errors.ts";

/** Bounds of the table. */
export interface TableOptions {
  /** Entries kept at most. */
  readonly entries: number;
  /** Bytes kept at most: keys, values and what it costs to keep them. */
  readonly bytes: number;
  /** Whether Redis tells of changes of this key, when it tells of any. */
  readonly covers?: (key: Key) => boolean;
  /** A number from 0 to below 1, for the jitter. */
  readonly random?: () => number;
}

/** One in so many entries, and bytes, may be for a key that does not exist: scans stay small. */
const ABSENCE_SHARE = 10;

export class Table implements FlightTracker {
  protected readonly entries: Store<Held>;
  protected readonly absences: Store<Held>;
  /** The current flight of each key that has one. */
  protected readonly flights = new Map<Key, CacheFlight>();
  /** The keys whose last read has just failed. */
  readonly backoff = new Backoff();
  readonly #reasons = new Reasons();
  readonly #maker: Maker;
  /** Whether Redis tells of changes of this key, when it tells of any. */
  readonly covers: (key: Key) => boolean;

  constructor(
    readonly channel: Channel,
    readonly policies: Policies,
    readonly stats: Stats,
    options: TableOptions,
  ) {
    this.covers = options.covers ?? (() => true);
    this.#maker = new Maker(channel, policies, this.covers, options.random ?? Math.random);
    const { tracked, untracked } = policies.general;
    const share = tracked.absence > 0 || untracked.absence > 0 ? 1 / ABSENCE_SHARE : 0;
    const entries = Math.floor(options.entries * share);
    const bytes = Math.floor(options.bytes * share);
    const rest = { entries: options.entries - entries, bytes: options.bytes - bytes };
    const evicted = (key: Key) => this.#reasons.set(key, "evicted");
    this.entries = this.#maker.store(rest, false, evicted);
    this.absences = this.#maker.store({ entries, bytes }, true, evicted);
  }

  /** The number of entries, fresh or not. */
  get size(): number {
    return this.entries.size + this.absences.size;
  }

  /** The bytes that the entries cost. */
  get bytes(): number {
    return this.entries.bytes + this.absences.bytes;
  }

  /** The number of keys that are being read. */
  get flying(): number {
    return this.flights.size;
  }

  /** The answer for a key: an entry, null for one that is known not to exist, else undefined. */
  find(key: Key, now: Millis): Held | null | undefined {
    const entry = this.entries.get(key);
    if (entry !== undefined) return this.holds(entry, now) ? entry : undefined;
    if (this.absences.size === 0) return undefined;
    const absence = this.absences.get(key);
    return absence !== undefined && this.holds(absence, now) ? null : undefined;
  }

  /**
   * The value of the key whose bytes stand in `[from, to)`, if it may be answered and nothing else
   * is to be done about it; of all else `find` tells.
   */
  findAt(bytes: Uint8Array, from: number, to: number, now: Millis): Value | undefined {
    const spot = this.entries.find(bytes, from, to);
    if (spot === undefined || !this.holds(spot, now) || now >= spot.refreshAt) return undefined;
    return spot.take();
  }

  /** Whether an entry may be answered: its epoch and generation last, it is fresh, and proven. */
  holds(entry: Marks, now: Millis): boolean {
    const { channel } = this;
    return entry.epoch === channel.epoch && entry.generation === channel.generation &&
      now < entry.freshUntil &&
      // What was read within the lease needs no other proof.
      (now < channel.leaseUntil || isRecent(channel, entry, now));
  }

  /** An entry that is not fresh, but may be answered where Redis gives no answer. */
  findStale(key: Key, now: Millis, window: Millis): Held | undefined {
    if (window <= 0) return undefined;
    const entry = this.entries.get(key);
    if (entry === undefined || entry.generation !== this.channel.generation) return undefined;
    const { staleIfError } = entry.policy;
    const isUsable = staleIfError > 0 && now < entry.expiresAt &&
      now < freshEnd(this.channel, entry) + Math.min(window, staleIfError);
    return isUsable ? entry : undefined;
  }

  /** Why a key misses; remembered for who asks later. */
  noteMiss(key: Key, now: Millis): MissReason {
    const entry = this.#peek(key);
    const reason = entry === undefined
      ? this.#reasons.get(key) ?? "never kept"
      : whyNot(this.channel, entry, now);
    this.#reasons.set(key, reason);
    return reason;
  }

  /** What is known of a key, without any effect. */
  look(key: Key): { entry: Held | undefined; flight: CacheFlight | undefined; miss?: MissReason } {
    const entry = this.#peek(key);
    const miss = this.#reasons.get(key);
    const flight = this.flights.get(key);
    return miss === undefined ? { entry, flight } : { entry, flight, miss };
  }

  #peek(key: Key): Held | undefined {
    return this.entries.peek(key) ?? this.absences.peek(key);
  }

  /** The read of a key that one who asks now may wait for. */
  join(key: Key, now: Millis): CacheFlight | undefined {
    const flight = this.flights.get(key);
    if (flight?.phase !== "sent" || this.channel.state !== "tracked") return flight;
    return now - flight.sentAt <= this.channel.options.lease ? flight : undefined;
  }

  /** A read of a key begins: it is the key's current one from now on. */
  begin(key: Key, mayStore = true): CacheFlight {
    const flight = new CacheFlight(key, this.policies.of(key), this, mayStore);
    this.flights.set(key, flight);
    return flight;
  }

  /** The bytes of a read are written. */
  sent(flight: CacheFlight, now: Millis): void {
    flight.phase = "sent";
    flight.sentAt = now;
    flight.epoch = this.channel.epoch;
    flight.generation = this.channel.generation;
  }

  /** A read is over: its result becomes an entry if nothing has happened meanwhile. */
  settled(flight: CacheFlight, fetched: Fetched, now: Millis): void {
    // A read that was never sent does not tell how the next one would fare.
    if (flight.phase === "sent") this.backoff.note(flight.key, fetched, now);
    flight.land(this.#land(flight, fetched));
  }

  #land(flight: CacheFlight, fetched: Fetched): Held | null | Failure {
    const { key } = flight;
    const isCurrent = this.isCurrent(flight);
    if (isCurrent) this.flights.delete(key);
    if (fetched instanceof Failure) {
      if (isCurrent && isAboutKey(fetched)) this.forget(key);
      return fetched;
    }
    const entry = this.#maker.entryOf(flight, fetched);
    if (isCurrent) this.#keep(flight, entry);
    if (!flight.isStored) entry.value = ownBytes(entry.value);
    return fetched === null ? null : entry;
  }

  protected isCurrent(flight: CacheFlight): boolean {
    return this.flights.get(flight.key) === flight;
  }

  #keep(flight: CacheFlight, entry: Held): void {
    const { key, policy } = flight;
    this.forget(key);
    if (!flight.mayStore || !this.channel.isKeeping) return;
    if (entry.freshUntil <= entry.validFrom || entry.value.length > policy.valueLimit) return;
    flight.isStored = (entry.isAbsence ? this.absences : this.entries).set(key, entry);
  }

  /** Drops what is kept of a key. */
  forget(key: Key): boolean {
    return this.entries.delete(key) || this.absences.delete(key);
  }

  /** A forced read begins: the entry could be answered after the newer value, so it goes first. */
  bypass(key: Key): void {
    const { channel } = this;
    // Where nothing tells of changes, nothing is known to be wrong: it stays if the read fails.
    if (channel.state !== "tracked" || !this.covers(key)) return;
    if (this.#peek(key)?.epoch === channel.epoch) this.forget(key);
  }

  /** A key was changed in Redis: what is kept of it is wrong, and a read under way may be. */
  invalidate(key: Key): void {
    if (this.forget(key)) this.#reasons.set(key, "invalidated");
    const flight = this.flights.get(key);
    if (flight?.phase === "sent") this.detach(flight);
  }

  /** Every key was deleted in Redis. */
  flush(): void {
    this.channel.flush();
    for (const flight of this.flights.values()) {
      if (flight.phase === "sent") this.detach(flight);
    }
  }

  /** The connection is there for reads, with invalidations or without. */
  up(...event: Parameters<Channel["up"]>): void {
    this.channel.up(...event);
  }

  /** The connection is lost; a flight that lands after all, or is sent again, bears its own epoch. */
  down(now: Millis): void {
    this.channel.down(now);
  }

  /** Ends a flight as its key's current one; who waits for it already still gets its answer. */
  protected detach(flight: CacheFlight): void {
    this.flights.delete(flight.key);
    this.stats.detached++;
  }
}
