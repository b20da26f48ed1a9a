/**
 * The cache: answers from memory while an entry holds, else reads through to the origin, once for
 * all who ask for the same key meanwhile. Both protocols share it.
 *
 * The rules are the table's; this is what carries them out: it has the clock, the promises and the
 * origin.
 *
 * @module
 */
import { ageOf, hitAnswer, readAnswer, staleAnswer } from "./answers.ts";
import type { CacheFlight, Held } from "./entry.ts";
import { explain } from "./explain.ts";
import { SoftWait } from "./soft_wait.ts";
import type { Table } from "./table.ts";
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
    const value = this.table.findAt(bytes, from, to, now);
    if (value !== undefined) this.stats.hits++;
    return value;
  }

  get(key: Key, now: Millis): Outcome | Promise<Outcome> {
    const found = this.table.find(key, now);
    if (found === undefined) return this.#miss(key, now);
    this.stats.hits++;
    if (found !== null && now >= found.refreshAt) this.#refresh(key, now);
    return found;
  }

  getMany(keys: readonly Key[], now: Millis): Outcome[] | Promise<Outcome[]> {
    const { table, stats } = this;
    const found: (Outcome | Promise<Outcome> | undefined)[] = keys.map((key) =>
      table.find(key, now)
    );
    const missing = new Set(keys.filter((_, index) => found[index] === undefined));
    if (missing.size === 0) {
      stats.hits += keys.length;
      return found as Outcome[];
    }
    const flights = this.#fly([...missing], now);
    return Promise.all(found.map((one, index) => {
      if (one !== undefined) {
        stats.hits++;
        return one;
      }
      stats.misses++;
      return flights.get(keys[index]!)!;
    }));
  }

  ask(key: Key, now: Millis, terms: Terms): Answer | Promise<Answer> {
    if (terms.isFenced === true) return this.#askFenced(key, now, terms);
    if (terms.maxAge > 0) {
      const found = this.table.find(key, now);
      if (found !== undefined && ageOf(this.table, found, now) <= terms.maxAge) {
        this.stats.hits++;
        if (found !== null && now >= found.refreshAt) this.#refresh(key, now);
        return hitAnswer(this.table, found, now);
      }
      const stale = terms.maxStale > 0 ? this.table.findStale(key, now, terms.maxStale) : undefined;
      if (stale !== undefined) return this.#answerStale(stale, now);
    }
    this.stats.misses++;
    const via = this.#whyForward(key, now);
    if (!terms.mayForward) {
      const failure = new Failure("uncached", "Not in the cache");
      return readAnswer(failure, via, now);
    }
    return this.#forward(key, now, terms, via);
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

  async #forward(key: Key, now: Millis, terms: Terms, via: Via): Promise<Answer> {
    const { table } = this;
    const isForced = terms.maxAge === 0;
    const window = terms.staleIfError ?? Infinity;
    const stale = isForced ? undefined : table.findStale(key, now, window);
    const joined = isForced ? undefined : this.#join(key, now, terms.mayStore);
    const failed = joined === undefined ? this.#backOff(key, now) : undefined;
    if (failed !== undefined) {
      return stale === undefined ? readAnswer(failed, via, now) : this.#answerStale(stale, now);
    }
    if (isForced) table.bypass(key);
    const flight = joined ?? table.begin(key, terms.mayStore);
    const { outcome } = flight;
    if (joined === undefined) this.#start(flight);
    if (stale !== undefined) {
      const early = await this.soft.within(outcome);
      const then = this.clock();
      const isMissing = early === undefined || (early instanceof Failure && !isAboutKey(early));
      // It may have been changed, or gone too old, while Redis was waited for.
      if (isMissing && table.findStale(key, then, window)?.validFrom === stale.validFrom) {
        return this.#answerStale(stale, then);
      }
    }
    return readAnswer(await outcome, via, this.clock(), flight.isStored, joined !== undefined);
  }

  #miss(key: Key, now: Millis): Promise<Outcome> {
    this.stats.misses++;
    this.table.noteMiss(key, now);
    const joined = this.#join(key, now);
    if (joined !== undefined) return joined.outcome;
    const failed = this.#backOff(key, now);
    if (failed !== undefined) return Promise.resolve(failed);
    const flight = this.table.begin(key);
    const { outcome } = flight;
    this.#start(flight);
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

  /** The outcomes of several keys: of flights that can be joined, and one trip for all others. */
  #fly(keys: readonly Key[], now: Millis): Map<Key, Promise<Outcome>> {
    const outcomes = new Map<Key, Promise<Outcome>>();
    const rest: Key[] = [];
    for (const key of keys) {
      this.table.noteMiss(key, now);
      const joined = this.#join(key, now);
      const failed = joined === undefined ? this.#backOff(key, now) : undefined;
      if (joined !== undefined) outcomes.set(key, joined.outcome);
      else if (failed !== undefined) outcomes.set(key, Promise.resolve(failed));
      else rest.push(key);
    }
    const flights = rest.map((key) => this.table.begin(key));
    for (const { key, outcome } of flights) outcomes.set(key, outcome);
    if (flights.length > 0) this.origin.read(flights);
    return outcomes;
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

  /** Reads a key that is in use ahead of its time; who asks meanwhile still has the entry. */
  #refresh(key: Key, now: Millis): void {
    if (this.table.look(key).flight !== undefined || !(this.origin.hasRoom())) return;
    if (this.table.backoff.find(key, now) !== undefined) return;
    this.stats.refreshes++;
    this.#start(this.table.begin(key));
  }

  #whyForward(key: Key, now: Millis): Via {
    switch (this.table.noteMiss(key, now)) {
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

  #answerStale(entry: Held, now: Millis): Answer {
    this.stats.staleAnswers++;
    return staleAnswer(this.table, entry, now);
  }
}
