/**
 * The table: every entry and every in-flight read, and the rules by which one becomes the other.
 * Pure: events and moments go in, decisions come out; no clock, no timer, no I/O. So each
 * interleaving of events can be tried one by one.
 *
 * The rules that keep it right:
 * - identity: a result becomes an entry only while its own flight is the key's current one. That
 *   there is some flight for the key proves nothing: it may be a younger one.
 * - detach: a change of the key ends the flight under way as the current one. Its result is not
 *   kept, and nobody who asks later waits for it. A flight that still waits for its turn stays.
 * - sent: freshness counts from when the read was sent, never from when it was answered.
 * - forget: a forced read drops the entry first, or its client could see the older value again.
 *
 * @module
 */
import type { ByteWindow } from "../core/byte_window.ts";
import { ownBytes } from "../core/memory.ts";
import { isAboutKey } from "../core/redis_errors.ts";
import type { Stats } from "../core/stats.ts";
import { Failure, type Fetched, type Found, type Key, type Millis } from "../core/types.ts";
import { Backoff } from "./backoff.ts";
import type { Channel } from "./channel.ts";
import type { Entry, Marks } from "./entry.ts";
import { CacheFlight, type FlightTracker, type Landing } from "./flight.ts";
import { CacheKey } from "./key.ts";
import { marksOf } from "./marks.ts";
import { type MissReason, MissReasons } from "./miss_reasons.ts";
import type { Policies } from "./policy.ts";
import { freshEnd, isRecent, provenAt, whyNot } from "./proof.ts";
import { Store } from "./store/mod.ts";

/** Bounds of the table. */
export interface TableOptions {
  /** Entries kept at most. */
  readonly entries: number;
  /** Bytes kept at most: keys, values and what it costs to keep them. */
  readonly bytes: number;
  /** Whether Redis reports changes of this key, when it reports any. */
  readonly covers?: (key: Key) => boolean;
  /** A number from 0 to below 1, for the jitter. */
  readonly random?: () => number;
}

const NO_BYTES = new Uint8Array(0);

export class Table implements FlightTracker {
  protected readonly store: Store;
  /** The current flight of each key that has one. */
  protected readonly flights = new Map<Key, CacheFlight>();
  /** The keys whose last read has just failed. */
  readonly backoff = new Backoff();
  readonly #reasons = new MissReasons();
  readonly #random: () => number;
  /** Whether Redis reports changes of this key, when it reports any. */
  readonly covers: (key: Key) => boolean;

  constructor(
    readonly channel: Channel,
    readonly policies: Policies,
    readonly stats: Stats,
    options: TableOptions,
  ) {
    const { entries, bytes } = options;
    this.covers = options.covers ?? (() => true);
    this.#random = options.random ?? Math.random;
    this.store = new Store({ entries, bytes, onEvict: (key) => this.#reasons.set(key, "evicted") });
  }

  /** The number of entries, fresh or not. */
  get size(): number {
    return this.store.size;
  }

  /** The bytes that the entries cost. */
  get bytes(): number {
    return this.store.bytes;
  }

  /** The number of keys that are being read. */
  get flying(): number {
    return this.flights.size;
  }

  /** Finds the entry of the key whose bytes are in `[from, to)`, fresh or not. */
  find(bytes: Uint8Array, from: number, to: number, hash: number): Entry | undefined {
    return this.store.find(bytes, from, to, hash);
  }

  /** Whether an entry may be answered: its epoch and generation last, it is fresh, and proven. */
  holds(entry: Marks, now: Millis): boolean {
    const { channel } = this;
    return entry.epoch === channel.epoch && entry.generation === channel.generation &&
      now < entry.freshUntil &&
      // What was read within the lease needs no other proof.
      (now < channel.leaseUntil || isRecent(channel, entry, now));
  }

  /** Whether an entry that is not fresh may be answered where Redis gives no answer. */
  holdsStale(key: Key, entry: Entry, now: Millis, window: Millis): boolean {
    if (window <= 0 || entry.isAbsence || entry.generation !== this.channel.generation) {
      return false;
    }
    const { staleIfError } = this.policies.of(key);
    return staleIfError > 0 && now < entry.expiresAt &&
      now < this.freshEnd(key, entry) + Math.min(window, staleIfError);
  }

  /** The last moment at which an entry was known to be fresh. */
  freshEnd(key: Key, entry: Marks): Millis {
    return this.covers(key) ? freshEnd(this.channel, entry) : entry.freshUntil;
  }

  /** How long ago an entry was last proven right: Redis may have had another value since. */
  ageOf(key: Key, entry: Marks, now: Millis): Millis {
    const proven = this.covers(key) ? provenAt(this.channel, entry) : entry.validFrom;
    return Math.max(0, now - proven);
  }

  /** Why a key misses, given the entry that it has. The last reasons are remembered. */
  noteMiss(key: Key, entry: Marks | undefined, now: Millis): MissReason {
    const reason = entry === undefined
      ? this.#reasons.get(key) ?? "never kept"
      : whyNot(this.channel, entry, now);
    this.#reasons.set(key, reason);
    return reason;
  }

  /** What is known of a key, without any effect. */
  look(key: CacheKey): {
    entry: Entry | undefined;
    flight: CacheFlight | undefined;
    miss: MissReason | undefined;
  } {
    const entry = this.store.peek(key);
    return { entry, flight: this.flights.get(key.text), miss: this.#reasons.get(key.text) };
  }

  /** Whether a key is being read. */
  isFlying(key: Key): boolean {
    return this.flights.has(key);
  }

  /** The read of a key that a request may wait for if it comes now. */
  join(key: Key, now: Millis): CacheFlight | undefined {
    const flight = this.flights.get(key);
    if (flight?.phase !== "sent" || this.channel.state !== "tracked") return flight;
    return now - flight.sentAt <= this.channel.options.lease ? flight : undefined;
  }

  /** Begins a read of a key: it is the key's current one from now on. */
  begin(key: CacheKey, mayStore = true): CacheFlight {
    const flight = new CacheFlight(key, this, mayStore);
    this.flights.set(key.text, flight);
    return flight;
  }

  /** The bytes of a read were written. */
  sent(flight: CacheFlight, now: Millis): void {
    flight.phase = "sent";
    flight.sentAt = now;
    flight.epoch = this.channel.epoch;
    flight.generation = this.channel.generation;
  }

  /**
   * The only bytes that are read of a value of this length; null for all of it. A value that can be
   * kept is read whole. Requests that come later cannot wait for a part of it: they begin anew.
   */
  narrow(flight: CacheFlight, length: number): ByteWindow | null {
    const { window, key } = flight;
    const isKept = flight.mayStore && this.channel.isKeeping &&
      length <= this.policies.of(key).valueLimit;
    if (window === null || isKept) return null;
    if (this.isCurrent(flight)) this.flights.delete(key);
    return window;
  }

  /** A read is over: its result becomes an entry if nothing has happened meanwhile. */
  settled(flight: CacheFlight, fetched: Fetched, now: Millis): void {
    const { key } = flight;
    // A read that was never sent does not tell how the next one would fare.
    if (flight.phase === "sent") this.backoff.note(key, fetched, now);
    const isCurrent = this.isCurrent(flight);
    if (isCurrent) this.flights.delete(key);
    flight.land(this.#landingOf(flight, fetched, isCurrent), now);
  }

  protected isCurrent(flight: CacheFlight): boolean {
    return this.flights.get(flight.key) === flight;
  }

  /** What those who wait for a flight get, also where there is no memory for the value. */
  #landingOf(flight: CacheFlight, fetched: Fetched, isCurrent: boolean): Landing {
    try {
      if (!(fetched instanceof Failure)) return this.#keep(flight, fetched, isCurrent);
      if (isCurrent && isAboutKey(fetched)) this.store.delete(flight.id);
      return failed(fetched);
    } catch (error) {
      return failed(new Failure("broken", `Cannot take a value: ${(error as Error).message}`));
    }
  }

  /** Makes an entry of what was found, if it may. */
  #keep(flight: CacheFlight, found: Found | null, isCurrent: boolean): Landing {
    const { id, key } = flight;
    const isAbsence = found === null;
    const value = isAbsence ? NO_BYTES : found.value;
    const policy = this.policies.of(key);
    const isTracked = this.channel.state === "tracked" && this.covers(key);
    const marks = marksOf(flight, found, policy, isTracked, this.#random);
    const { freshUntil } = marks;
    const part = found?.part ?? null;
    const mayKeep = flight.mayStore && this.channel.isKeeping && freshUntil > flight.sentAt &&
      value.length <= policy.valueLimit && part === null;
    const entry = isCurrent && mayKeep ? this.store.set(id, value, isAbsence, marks) : undefined;
    if (isCurrent && !mayKeep) this.store.delete(id);
    const answer = isAbsence ? null : entry?.value ?? ownBytes(value);
    return { answer, freshUntil, entry, part };
  }

  /** A forced read begins: the entry could be answered after the newer value, so it goes first. */
  bypass(key: CacheKey): void {
    const { channel } = this;
    // Where nothing reports changes, nothing is known to be wrong: it stays if the read fails.
    if (channel.state !== "tracked" || !this.covers(key.text)) return;
    if (this.store.peek(key)?.epoch === channel.epoch) this.store.delete(key);
  }

  /** A key was changed in Redis: its entry is wrong, and a read under way may be. */
  invalidate(key: Key): void {
    if (this.store.delete(new CacheKey(key))) this.#reasons.set(key, "invalidated");
    this.backoff.changed(key);
    const flight = this.flights.get(key);
    if (flight?.phase === "sent") this.detach(flight);
  }

  /** Every key was deleted in Redis. */
  flush(): void {
    this.channel.flush();
    this.backoff.allChanged();
    for (const flight of this.flights.values()) {
      if (flight.phase === "sent") this.detach(flight);
    }
  }

  /** Ends a flight as its key's current one; those who wait for it still get its result. */
  protected detach(flight: CacheFlight): void {
    this.flights.delete(flight.key);
    this.stats.detached++;
  }
}

function failed(failure: Failure): Landing {
  return { answer: failure, freshUntil: 0, entry: undefined, part: null };
}
