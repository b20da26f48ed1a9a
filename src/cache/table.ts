/**
 * The table: every entry and every in-flight read, and the rules by which one becomes the other.
 * Pure: events and times in, decisions out; no clock, no timer, no I/O. So a test can try every
 * order of events.
 *
 * The rules:
 * - identity: a result becomes an entry only if its own flight is the current flight of the key.
 *   Another flight of the key proves nothing, because it may be younger.
 * - detach: when a key is changed, its flight is no longer the current one if it was already sent.
 *   Its result is not cached, and later requests do not wait for it. A queued flight stays.
 * - sent: freshness counts from when the read was sent, not from when its answer came. If a replica
 *   was read, it counts from the moment up to which the replica had all changes.
 * - forget: a forced read drops the entry first. Otherwise its client could see the old value
 *   again.
 *
 * @module
 */
import type { ByteWindow } from "../core/byte_window.ts";
import { ownBytes } from "../core/memory.ts";
import { isAboutKey } from "../core/redis_errors.ts";
import type { EvictionCause, Stats } from "../core/stats.ts";
import { Failure, type Fetched, type Found, type Key, type Millis } from "../core/types.ts";
import { Backoff } from "./backoff.ts";
import type { Channel } from "./channel.ts";
import type { Entry, Marks } from "./entry.ts";
import { CacheFlight, type FlightTracker, type Landing } from "./flight.ts";
import { CacheKey } from "./key.ts";
import { marksOf } from "./marks.ts";
import { type MissReason, MissReasons } from "./miss_reasons.ts";
import type { Policies, Policy } from "./policy.ts";
import { Proof } from "./proof.ts";
import { Store } from "./store/mod.ts";
import type { Room } from "./store/room.ts";

/** Bounds of the table. */
export interface TableOptions {
  /** The most entries to keep. */
  readonly entries: number;
  /** The most bytes to keep: keys, values and the overhead of each entry. */
  readonly bytes: number;
  /** The room that it shares with the tables of other databases. */
  readonly room?: Room | undefined;
  /** Whether Redis reports changes of this key, when it reports any. */
  readonly covers?: (key: Key) => boolean;
  /** A number from 0 to below 1, for the jitter. */
  readonly random?: () => number;
}

const NO_BYTES = new Uint8Array(0);

export class Table implements FlightTracker {
  protected readonly store: Store;
  /** The current flight of each key. */
  protected readonly flights = new Map<Key, CacheFlight>();
  /** The keys whose last read failed a short while ago. */
  readonly backoff = new Backoff();
  readonly #reasons = new MissReasons();
  readonly #random: () => number;
  readonly proof: Proof;
  /** Whether a key whose changes Redis does not report was read since the last flush. */
  #hasUncovered = false;

  constructor(
    readonly channel: Channel,
    readonly policies: Policies,
    readonly stats: Stats,
    options: TableOptions,
  ) {
    const { entries, bytes, room } = options;
    this.proof = new Proof(channel, options.covers ?? (() => true));
    this.#random = options.random ?? Math.random;
    this.store = new Store({
      entries,
      bytes,
      room,
      onEvict: (hash, cause) => this.#evicted(hash, cause),
    });
  }

  /** The number of entries, fresh or not. */
  get size(): number {
    return this.store.size;
  }

  /** The cost of the entries, in bytes. */
  get bytes(): number {
    return this.store.bytes;
  }

  /** The number of in-flight reads. */
  get flying(): number {
    return this.flights.size;
  }

  /** Finds the entry of the key with the bytes `[from, to)`, fresh or not. */
  find(bytes: Uint8Array, from: number, to: number, hash: number): Entry | undefined {
    return this.store.find(bytes, from, to, hash);
  }

  /**
   * Whether an entry is a hit: its epoch and generation are current, and it is fresh and proven.
   */
  holds(entry: Marks, now: Millis): boolean {
    const { channel } = this;
    return entry.epoch === channel.epoch && entry.generation === channel.generation &&
      now < entry.freshUntil &&
      // An entry that was read within the lease needs no other proof.
      (now < channel.leaseUntil || this.proof.isRecent(entry, now));
  }

  /** Whether an entry that is not fresh may be served if Redis gives no answer. */
  holdsStale(key: Key, entry: Entry, now: Millis, window: Millis): boolean {
    const { staleIfError } = this.policies.of(key);
    const limit = Math.min(window, staleIfError);
    return limit > 0 && !entry.isAbsence && entry.generation === this.channel.generation &&
      now < entry.expiresAt && now < this.proof.freshEnd(key, entry) + limit;
  }

  /** Returns why a key with this entry misses, and remembers it. */
  noteMiss({ hash }: CacheKey, entry: Marks | undefined, now: Millis): MissReason {
    const reason = entry === undefined
      ? this.#reasons.get(hash) ?? "never kept"
      : this.proof.whyNot(entry, now);
    this.#reasons.set(hash, reason);
    return reason;
  }

  /** Returns what is known about a key. This does not count as a use. */
  look(key: CacheKey): {
    entry: Entry | undefined;
    flight: CacheFlight | undefined;
    miss: MissReason | undefined;
  } {
    const entry = this.store.peek(key);
    return { entry, flight: this.flights.get(key.text), miss: this.#reasons.get(key.hash) };
  }

  /** Whether a read of a key is in flight. */
  isFlying(key: Key): boolean {
    return this.flights.has(key);
  }

  /** The flight of a key that a new request may join. */
  join(key: Key, now: Millis): CacheFlight | undefined {
    const flight = this.flights.get(key);
    if (flight?.phase !== "sent" || this.channel.state !== "tracked") return flight;
    return now - flight.validFrom <= this.channel.options.lease ? flight : undefined;
  }

  /** Begins a flight, which is the current one of its key from now on. */
  begin(key: CacheKey, mayStore = true): CacheFlight {
    const flight = new CacheFlight(key, this, mayStore);
    this.flights.set(key.text, flight);
    return flight;
  }

  /** Notes that the request of a flight is written. */
  sent(flight: CacheFlight, now: Millis, validFrom: Millis): void {
    flight.phase = "sent";
    flight.sentAt = now;
    flight.validFrom = validFrom;
    flight.epoch = this.channel.epoch;
    flight.generation = this.channel.generation;
    if (!this.proof.covers(flight.key)) this.#hasUncovered = true;
  }

  /**
   * Decides which bytes to read of a value of this length; null for all. A value that can be cached
   * is read whole. Later requests do not join a flight that reads a part, and the key's entry is
   * known to be wrong.
   */
  narrow(flight: CacheFlight, length: number): ByteWindow | null {
    const { window, key } = flight;
    const isKept = flight.mayStore && this.channel.isKeeping &&
      length <= this.policies.of(key).valueLimit;
    if (window === null || isKept) return null;
    if (this.isCurrent(flight)) {
      this.flights.delete(key);
      this.store.delete(flight.id);
    }
    return window;
  }

  /** Ends a flight. Its result becomes an entry if the flight is still the current one. */
  settled(flight: CacheFlight, fetched: Fetched, now: Millis, mayKeep: boolean): void {
    const { key } = flight;
    flight.mayStore &&= mayKeep;
    const { latencies } = this.stats;
    latencies.miss.observe(now - flight.missedAt);
    if (flight.phase === "sent") {
      latencies.origin.observe(now - flight.sentAt);
      // A read that was never sent says nothing about the next one.
      this.backoff.note(key, fetched, now);
    }
    const isCurrent = this.isCurrent(flight);
    if (isCurrent) this.flights.delete(key);
    flight.land(this.#landingOf(flight, fetched, isCurrent), now);
  }

  #evicted(hash: number, cause: EvictionCause): void {
    this.#reasons.set(hash, "evicted");
    this.stats.evictions[cause]++;
  }

  protected isCurrent(flight: CacheFlight): boolean {
    return this.flights.get(flight.key) === flight;
  }

  /** Returns the result for the waiters of a flight, even if there is no memory for the value. */
  #landingOf(flight: CacheFlight, fetched: Fetched, isCurrent: boolean): Landing {
    try {
      if (!(fetched instanceof Failure)) return this.#keep(flight, fetched, isCurrent);
      if (isCurrent && isAboutKey(fetched)) this.store.delete(flight.id);
      return failed(fetched);
    } catch (error) {
      return failed(new Failure("broken", `Cannot take a value: ${(error as Error).message}`));
    }
  }

  /** Makes an entry of the result, if it may be cached. */
  #keep(flight: CacheFlight, found: Found | null, isCurrent: boolean): Landing {
    const { id, key } = flight;
    const isAbsence = found === null;
    const value = isAbsence ? NO_BYTES : found.value;
    const policy = this.policies.of(key);
    const marks = this.marks(flight, found, policy);
    const { freshUntil } = marks;
    const part = found?.part ?? null;
    const mayKeep = flight.mayStore && this.channel.isKeeping && freshUntil > flight.sentAt &&
      value.length <= policy.valueLimit && part === null;
    const entry = isCurrent && mayKeep ? this.store.set(id, value, isAbsence, marks) : undefined;
    if (isCurrent && !mayKeep) this.store.delete(id);
    const answer = isAbsence ? null : entry?.value ?? ownBytes(value);
    return { answer, freshUntil, entry, part };
  }

  /** The marks of a result. */
  protected marks(flight: CacheFlight, found: Found | null, policy: Policy): Marks {
    const isTracked = this.channel.state === "tracked" && this.proof.covers(flight.key);
    return marksOf(flight, found, policy, isTracked, this.#random);
  }

  /** Which Redis has a key, for people. */
  whereabouts(_key: Key): Readonly<Record<string, string>> {
    return { redis: this.channel.redis || "none" };
  }

  /** Drops the entry before a forced read. Otherwise it could be served after the newer value. */
  bypass(key: CacheKey): void {
    const { channel } = this;
    // Without announcements nothing proves the entry wrong: it stays in case the read fails.
    if (channel.state !== "tracked" || !this.proof.covers(key.text)) return;
    if (this.store.peek(key)?.epoch === channel.epoch) this.store.delete(key);
  }

  /**
   * Drops the entry of a changed key, and detaches its flight, which may have read the old value.
   */
  invalidate(key: Key): void {
    if (this.store.size > 0) {
      const id = new CacheKey(key);
      if (this.store.delete(id)) this.#reasons.set(id.hash, "invalidated");
    }
    this.backoff.changed(key);
    // A write passes here for each of its keys, mostly while nothing is in flight.
    const flight = this.flights.size > 0 ? this.flights.get(key) : undefined;
    if (flight?.phase === "sent") this.detach(flight);
  }

  /**
   * Drops the entry of a key by hand. A read in flight makes no entry. Returns the number of entries.
   */
  purgeKey(key: Key): number {
    this.#detachAll((one) => one === key);
    return Number(this.store.delete(new CacheKey(key)));
  }

  /** The same for all keys with a prefix. It looks at each entry. */
  purgePrefix(prefix: Key): number {
    const keys = this.store.keysWith(prefix);
    for (const key of keys) this.store.delete(new CacheKey(key));
    this.#detachAll((key) => key.startsWith(prefix));
    return keys.length;
  }

  /** The same for all keys. */
  purgeAll(): number {
    const { size } = this;
    this.store.clear();
    this.#detachAll(() => true);
    return size;
  }

  /** Drops everything for good. */
  close(): void {
    this.purgeAll();
    this.store.close();
  }

  #detachAll(isWanted: (key: Key) => boolean): void {
    for (const flight of this.flights.values()) {
      if (flight.phase === "sent" && isWanted(flight.key)) this.detach(flight);
    }
  }

  /** Whether a key has an entry, fresh or not. */
  has(key: Key): boolean {
    return this.store.peek(new CacheKey(key)) !== undefined;
  }

  /** The keys of the entries, about the most recently used first. */
  keys(): Iterable<Key> {
    return this.store.keys();
  }

  /** Whether Redis reports every change that concerns an entry, when it reports any. */
  get coversAll(): boolean {
    return !this.#hasUncovered;
  }

  /** Drops all entries, because Redis deleted every key. */
  flush(): void {
    this.#hasUncovered = false;
    this.channel.flush();
    this.backoff.allChanged();
    this.#detachAll(() => true);
  }

  /** Detaches a flight from its key. Its waiters still get the result. */
  protected detach(flight: CacheFlight): void {
    this.flights.delete(flight.key);
    this.stats.detached++;
  }
}

function failed(failure: Failure): Landing {
  return { answer: failure, freshUntil: 0, entry: undefined, part: null };
}
