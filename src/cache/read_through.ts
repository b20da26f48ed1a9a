/**
 * The cache. It answers from memory while an entry holds, and otherwise reads from the origin, once
 * for all concurrent requests for a key. Both protocols share it.
 *
 * The table has the rules. This class applies them: it has the clock, the promises and the origin.
 *
 * @module
 */
import { isAboutKey } from "../core/redis_errors.ts";
import type { Stats } from "../core/stats.ts";
import {
  type Answer,
  CacheStatus,
  Failure,
  type Key,
  type KeyBytes,
  type Lookup,
  type Millis,
  type Origin,
  type Terms,
} from "../core/types.ts";
import { type AtEndOfTurn, Boarding } from "./boarding.ts";
import type { Entry } from "./entry.ts";
import { explain } from "./explain.ts";
import type { CacheFlight } from "./flight.ts";
import { bytesOf, CacheKey, textOf } from "./key.ts";
import { SoftWait } from "./soft_wait.ts";
import { reportHit, reportLanding, reportStale, viaOf } from "./status.ts";
import { hashOf } from "./store/hash.ts";
import type { Table } from "./table.ts";

const NEVER_STALE = { maxStale: 0, staleIfError: 0 };
const UNCACHED = new Failure("uncached", "Not in the cache");

/** What a read-through depends on. The program needs no options. */
export interface ReadThroughOptions {
  /** The clock. */
  readonly clock?: () => Millis;
  /** How long to wait for the origin if a stale value may be served instead. */
  readonly softWait?: SoftWait;
  /** Runs what ends a turn: then the flights that began in it leave. */
  readonly atEndOfTurn?: AtEndOfTurn;
}

export class ReadThrough implements Lookup {
  readonly #clock: () => Millis;
  readonly #softWait: SoftWait;
  readonly #boarding: Boarding;

  constructor(
    readonly origin: Origin,
    readonly table: Table,
    readonly stats: Stats,
    options: ReadThroughOptions = {},
  ) {
    this.#clock = options.clock ?? (() => performance.now());
    this.#softWait = options.softWait ?? new SoftWait(Infinity);
    this.#boarding = new Boarding(origin, options.atEndOfTurn);
  }

  /** The number of entries, fresh or not. */
  get size(): number {
    return this.table.size;
  }

  /** The cost of the entries, in bytes. */
  get bytes(): number {
    return this.table.bytes;
  }

  /** The number of in-flight reads. */
  get flights(): number {
    return this.table.flying;
  }

  get(
    key: Key | KeyBytes,
    now: Millis,
    terms: Terms,
    status?: CacheStatus,
  ): Answer | Promise<Answer> {
    const { bytes, from, to } = typeof key === "string" ? bytesOf(key) : key;
    const hash = hashOf(bytes, from, to);
    if (status === undefined && terms.maxAge === Infinity && !terms.isFenced) {
      const answer = this.#plainHit(bytes, from, to, hash, now);
      if (answer !== undefined) return answer;
    }
    const entry = this.table.find(bytes, from, to, hash);
    return this.#answer(entry, new CacheKey(textOf(key), hash), now, terms, status);
  }

  /** The answer of most requests. A function of its own, so that V8 optimizes it without misses. */
  #plainHit(bytes: Uint8Array, from: number, to: number, hash: number, now: Millis) {
    const { table } = this;
    const entry = table.find(bytes, from, to, hash);
    if (entry === undefined || !table.holds(entry, now) || now >= entry.refreshAt) return undefined;
    this.stats.hits++;
    return entry.isAbsence ? null : entry.value;
  }

  together<T>(read: () => T): T {
    return this.#boarding.together(read);
  }

  explain(key: Key, now: Millis): Readonly<Record<string, string>> {
    const failed = this.table.backoff.find(key, now);
    return { ...explain(this.table, key, now), "backing-off": failed?.message ?? "no" };
  }

  /** Answers from an entry if the terms allow it, otherwise from the origin. */
  #answer(
    entry: Entry | undefined,
    key: CacheKey,
    now: Millis,
    terms: Terms,
    status: CacheStatus | undefined,
  ): Answer | Promise<Answer> {
    if (terms.isFenced) return this.#fence(key, terms, status);
    const { table } = this;
    const { text } = key;
    if (entry === undefined || terms.maxAge === 0) {
      return this.#miss(entry, key, now, terms, status);
    }
    if (table.holds(entry, now) && table.ageOf(text, entry, now) <= terms.maxAge) {
      return this.#hit(entry, key, now, status);
    }
    return table.holdsStale(text, entry, now, terms.maxStale)
      ? this.#stale(entry, text, now, status)
      : this.#miss(entry, key, now, terms, status);
  }

  #hit(entry: Entry, key: CacheKey, now: Millis, status: CacheStatus | undefined): Answer {
    this.stats.hits++;
    if (status !== undefined) reportHit(status, this.table, key.text, entry, now);
    const answer = entry.isAbsence ? null : entry.value;
    if (now >= entry.refreshAt) this.#refresh(key, now);
    return answer;
  }

  #stale(entry: Entry, key: Key, now: Millis, status: CacheStatus | undefined): Answer {
    this.stats.staleAnswers++;
    if (status !== undefined) reportStale(status, this.table, key, entry, now);
    return entry.value;
  }

  #miss(
    entry: Entry | undefined,
    key: CacheKey,
    now: Millis,
    terms: Terms,
    status: CacheStatus | undefined,
  ): Answer | Promise<Answer> {
    this.stats.misses++;
    const { table } = this;
    const { text } = key;
    const reason = table.noteMiss(text, entry, now);
    if (status !== undefined) status.via = viaOf(reason);
    if (!terms.mayForward) return UNCACHED;
    const isForced = terms.maxAge === 0;
    const window = isForced ? 0 : terms.staleIfError ?? Infinity;
    const stale = entry !== undefined && table.holdsStale(text, entry, now, window)
      ? entry
      : undefined;
    const joined = isForced ? undefined : this.#join(text, now, terms.mayStore);
    if (joined !== undefined) {
      if (status !== undefined) status.isCollapsed = true;
      return this.#wait(joined, stale, window, terms, status);
    }
    const failed = this.#backOff(text, now);
    if (failed !== undefined) return stale ? this.#stale(stale, text, now, status) : failed;
    if (isForced) table.bypass(key);
    const flight = table.begin(key, terms.mayStore);
    const answer = this.#wait(flight, stale, window, terms, status);
    this.#boarding.add(flight);
    return answer;
  }

  #wait(
    flight: CacheFlight,
    stale: Entry | undefined,
    window: Millis,
    terms: Terms,
    status: CacheStatus | undefined,
  ): Promise<Answer> {
    return stale === undefined
      ? landed(flight, terms, status)
      : this.#waitSoftly(flight, stale.validFrom, window, terms, status);
  }

  /** Waits for a flight. Serves a stale entry if that takes long or Redis gives no answer. */
  async #waitSoftly(
    flight: CacheFlight,
    validFrom: Millis,
    window: Millis,
    terms: Terms,
    status: CacheStatus | undefined,
  ): Promise<Answer> {
    const { table } = this;
    const landedStatus = status && Object.assign(new CacheStatus(), status);
    const landing = landed(flight, terms, landedStatus);
    const early = await this.#softWait.within(landing);
    if (early === undefined || (early instanceof Failure && !isAboutKey(early))) {
      const now = this.#clock();
      const { entry } = table.look(flight.id);
      // The entry may have been changed, or become too old, during the wait.
      if (entry?.validFrom === validFrom && table.holdsStale(flight.key, entry, now, window)) {
        return this.#stale(entry, flight.key, now, status);
      }
    }
    const answer = await landing;
    if (status !== undefined) Object.assign(status, landedStatus);
    return answer;
  }

  /** Waits until all earlier changes are known. Then the cache is current. */
  async #fence(key: CacheKey, terms: Terms, status: CacheStatus | undefined): Promise<Answer> {
    const isPassed = this.table.covers(key.text) && await this.origin.fence();
    return await this.#answer(
      this.#find(key),
      key,
      this.#clock(),
      // The answer must not be older than the request, so it is never stale.
      { ...terms, ...NEVER_STALE, isFenced: false, maxAge: isPassed ? terms.maxAge : 0 },
      status,
    );
  }

  #find({ text, hash }: CacheKey): Entry | undefined {
    const { bytes, from, to } = bytesOf(text);
    return this.table.find(bytes, from, to, hash);
  }

  /** Joins the in-flight read of a key, if there is one. */
  #join(key: Key, now: Millis, mayStore: boolean): CacheFlight | undefined {
    const flight = this.table.join(key, now);
    if (flight === undefined) return undefined;
    this.stats.collapsed++;
    if (mayStore) flight.mayStore = true;
    return flight;
  }

  /** The failure of the key's last read, while it is too early for another read. */
  #backOff(key: Key, now: Millis): Failure | undefined {
    const failed = this.table.backoff.find(key, now);
    if (failed !== undefined) this.stats.backedOff++;
    return failed;
  }

  /** Reads a key in use again before its entry expires. Requests meanwhile get the entry. */
  #refresh(key: CacheKey, now: Millis): void {
    const { table } = this;
    if (table.isFlying(key.text) || !this.origin.hasRoom()) return;
    if (table.backoff.find(key.text, now) !== undefined) return;
    this.stats.refreshes++;
    this.#boarding.add(table.begin(key, true));
  }
}

/** Waits for a flight. */
function landed(
  flight: CacheFlight,
  { window }: Terms,
  status: CacheStatus | undefined,
): Promise<Answer> {
  return new Promise((resolve) =>
    flight.await(
      window,
      status === undefined ? resolve : (answer, flight, landing, now) => {
        reportLanding(status, flight, landing, now);
        resolve(answer);
      },
    )
  );
}
