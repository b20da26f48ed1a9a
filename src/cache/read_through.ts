/**
 * The cache: answers from memory while an entry holds, else reads through to the origin, once for
 * all who ask for the same key meanwhile. Both protocols share it.
 *
 * The rules are the table's; this is what carries them out: it has the clock, the promises and the
 * origin.
 *
 * @module
 */
import { hitAnswer, readAnswer, staleAnswer } from "./answers.ts";
import type { Entry } from "./entry.ts";
import { explain } from "./explain.ts";
import type { CacheFlight } from "./flight.ts";
import { CacheKey } from "./key.ts";
import { SoftWait } from "./soft_wait.ts";
import { hashOf } from "./store/hash.ts";
import { outcomeOf, type Table } from "./table.ts";
import { isAboutKey } from "../core/redis_errors.ts";
import {
  type Answer,
  Failure,
  type Key,
  type Lookup,
  type Millis,
  type Origin,
  type Outcome,
  type Terms,
  type Value,
  type Via,
} from "../core/types.ts";
import type { Stats } from "../core/stats.ts";

/** Keys that are read in one trip at most, of those that are asked for one by one. */
const TRIP_KEYS = 16;

export class ReadThrough implements Lookup {
  /** Flights that have not left yet. */
  #boarding: CacheFlight[] = [];

  /**
   * @param clock Tells the moment at which something is sent or comes; a test's own may.
   * @param soft How long to wait for the origin where a stale value may be answered instead.
   * @param board Has flights depart once all who ask at the same time have asked.
   */
  constructor(
    readonly origin: Origin,
    readonly table: Table,
    readonly stats: Stats,
    readonly clock: () => Millis = () => performance.now(),
    readonly soft: SoftWait = new SoftWait(Infinity),
    readonly board: (depart: () => void) => void = queueMicrotask,
  ) {}

  /** The number of entries, fresh or not. */
  get size(): number {
    return this.table.size;
  }

  /** The bytes that the entries cost. */
  get bytes(): number {
    return this.table.bytes;
  }

  /** The number of keys that are being read. */
  get flights(): number {
    return this.table.flying;
  }

  find(bytes: Uint8Array, from: number, to: number, now: Millis): Value | undefined {
    const { table } = this;
    const entry = table.find(bytes, from, to, hashOf(bytes, from, to));
    if (entry === undefined || !table.holds(entry, now)) return undefined;
    if (entry.isAbsence || now >= entry.refreshAt) return undefined;
    this.stats.hits++;
    return entry.value;
  }

  get(key: Key, now: Millis): Outcome | Promise<Outcome> {
    const id = new CacheKey(key);
    const entry = this.table.get(id);
    if (entry === undefined || !this.table.holds(entry, now)) return this.#miss(id, entry, now);
    const outcome = outcomeOf(entry);
    this.#hit(id, entry.refreshAt, now);
    return outcome;
  }

  getMany(keys: readonly Key[], now: Millis): Outcome[] | Promise<Outcome[]> {
    const { table } = this;
    const outcomes: (Outcome | Promise<Outcome>)[] = [];
    const missing = new Map<Key, Promise<Outcome>>();
    const flights: CacheFlight[] = [];
    for (const key of keys) {
      const id = new CacheKey(key);
      const entry = table.get(id);
      if (entry !== undefined && table.holds(entry, now)) {
        outcomes.push(outcomeOf(entry));
        this.#hit(id, entry.refreshAt, now);
        continue;
      }
      this.stats.misses++;
      let outcome = missing.get(key);
      if (outcome === undefined) {
        table.noteMiss(key, entry, now);
        outcome = this.#wait(id, now, (flight) => flights.push(flight));
        missing.set(key, outcome);
      }
      outcomes.push(outcome);
    }
    if (flights.length > 0) this.origin.read(flights);
    return missing.size === 0 ? outcomes as Outcome[] : Promise.all(outcomes);
  }

  ask(key: Key, now: Millis, terms: Terms): Answer | Promise<Answer> {
    if (terms.isFenced === true) return this.#askFenced(key, now, terms);
    const { table } = this;
    const id = new CacheKey(key);
    const entry = table.get(id);
    if (terms.maxAge > 0 && entry !== undefined) {
      if (table.holds(entry, now) && table.ageOf(key, entry, now) <= terms.maxAge) {
        const answer = hitAnswer(table, key, entry, now);
        this.#hit(id, entry.refreshAt, now);
        return answer;
      }
      if (table.holdsStale(key, entry, now, terms.maxStale)) {
        return this.#answerStale(key, entry, now);
      }
    }
    this.stats.misses++;
    const via = this.#whyForward(key, entry, now);
    if (!terms.mayForward) {
      const failure = new Failure("uncached", "Not in the cache");
      return readAnswer(failure, via, now);
    }
    return this.#forward(id, entry, now, terms, via);
  }

  explain(key: Key, now: Millis): Readonly<Record<string, string>> {
    const failed = this.table.backoff.find(key, now);
    return { ...explain(this.table, key, now), "backing-off": failed?.message ?? "no" };
  }

  /** Waits until all changes that were made before now are known; what is cached then is current. */
  async #askFenced(key: Key, now: Millis, terms: Terms): Promise<Answer> {
    const isFenced = this.table.covers(key) && (await this.origin.fence());
    // What is no older than the request is never stale.
    const rest = { ...terms, isFenced: false, maxStale: 0, staleIfError: 0 };
    return isFenced
      ? await this.ask(key, this.clock(), rest)
      : await this.ask(key, now, { ...rest, maxAge: 0 });
  }

  async #forward(
    id: CacheKey,
    entry: Entry | undefined,
    now: Millis,
    terms: Terms,
    via: Via,
  ): Promise<Answer> {
    const { table } = this;
    const { text: key } = id;
    const isForced = terms.maxAge === 0;
    const window = terms.staleIfError ?? Infinity;
    const isStale = !isForced && entry !== undefined && table.holdsStale(key, entry, now, window);
    const staleFrom = isStale ? entry.validFrom : undefined;
    const joined = isForced ? undefined : this.#join(key, now, terms.mayStore);
    const failed = joined === undefined ? this.#backOff(key, now) : undefined;
    if (failed !== undefined) {
      return isStale ? this.#answerStale(key, entry, now) : readAnswer(failed, via, now);
    }
    if (isForced) table.bypass(id);
    const flight = joined ?? table.begin(id, terms.mayStore);
    const { outcome } = flight;
    if (joined === undefined) this.#start(flight);
    if (staleFrom !== undefined) {
      const early = await this.soft.within(outcome);
      const then = this.clock();
      const isMissing = early === undefined || (early instanceof Failure && !isAboutKey(early));
      const stale = isMissing ? table.look(id).entry : undefined;
      // It may have been changed, or gone too old, while Redis was waited for.
      if (stale?.validFrom === staleFrom && table.holdsStale(key, stale, then, window)) {
        return this.#answerStale(key, stale, then);
      }
    }
    return readAnswer(await outcome, via, this.clock(), flight.isStored, joined !== undefined);
  }

  #hit(id: CacheKey, refreshAt: Millis, now: Millis): void {
    this.stats.hits++;
    if (now >= refreshAt) this.#refresh(id, now);
  }

  #miss(id: CacheKey, entry: Entry | undefined, now: Millis): Promise<Outcome> {
    this.stats.misses++;
    this.table.noteMiss(id.text, entry, now);
    return this.#wait(id, now, (flight) => this.#start(flight));
  }

  /** What the read of a key comes to: one that is under way, or a new one that `start` sends. */
  #wait(id: CacheKey, now: Millis, start: (flight: CacheFlight) => void): Promise<Outcome> {
    const joined = this.#join(id.text, now);
    if (joined !== undefined) return joined.outcome;
    const failed = this.#backOff(id.text, now);
    if (failed !== undefined) return Promise.resolve(failed);
    const flight = this.table.begin(id);
    const { outcome } = flight;
    start(flight);
    return outcome;
  }

  /** The read of a key that is under way, for one more who waits. */
  #join(key: Key, now: Millis, mayStore = true): CacheFlight | undefined {
    const flight = this.table.join(key, now);
    if (flight === undefined) return undefined;
    this.stats.collapsed++;
    if (mayStore) flight.mayStore = true;
    return flight;
  }

  /** The failure that a key has just come to, if it is too early for another read. */
  #backOff(key: Key, now: Millis): Failure | undefined {
    const failed = this.table.backoff.find(key, now);
    if (failed !== undefined) this.stats.backedOff++;
    return failed;
  }

  /**
   * Sends a flight with all others of this turn of the event loop: a trip for each takes twice the
   * time of a miss. It may land before this returns.
   */
  #start(flight: CacheFlight): void {
    const count = this.#boarding.push(flight);
    if (count === 1) this.board(() => this.#depart());
    else if (count === TRIP_KEYS) this.#depart();
  }

  #depart(): void {
    const flights = this.#boarding;
    if (flights.length === 0) return;
    this.#boarding = [];
    this.origin.read(flights);
  }

  /** Reads a key in use before its time is up; requests meanwhile still get the entry. */
  #refresh(id: CacheKey, now: Millis): void {
    const { table } = this;
    if (table.isFlying(id.text) || !this.origin.hasRoom()) return;
    if (table.backoff.find(id.text, now) !== undefined) return;
    this.stats.refreshes++;
    this.#start(table.begin(id));
  }

  #whyForward(key: Key, entry: Entry | undefined, now: Millis): Via {
    switch (this.table.noteMiss(key, entry, now)) {
      case "forced":
        return "request";
      case "expired":
      case "lease lapsed":
      case "connection lost":
        return "stale";
      default:
        return "uri-miss";
    }
  }

  #answerStale(key: Key, entry: Entry, now: Millis): Answer {
    this.stats.staleAnswers++;
    return staleAnswer(this.table, key, entry, now);
  }
}
