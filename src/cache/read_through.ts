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
import { Backoff } from "./backoff.ts";
import type { Flight, Held } from "./entry.ts";
import { explain } from "./explain.ts";
import { SoftWait } from "./soft_wait.ts";
import type { Table } from "./table.ts";
import { isAboutKey } from "../core/redis_errors.ts";
import {
  type Answer,
  Failure,
  type Fetched,
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
  readonly #backoff = new Backoff();
  /** Flights that have not left yet. */
  #boarding: Flight[] = [];

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
    const failed = this.#backoff.find(key, now);
    return { ...explain(this.table, key, now), "backing-off": failed?.message ?? "no" };
  }

  /** Waits until all changes that were made before now are known; what is cached then is current. */
  async #askFenced(key: Key, now: Millis, terms: Terms): Promise<Answer> {
    const isFenced = this.table.covers(key) && (await this.origin.fence?.() ?? false);
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
    const flight = joined ?? this.#start(key, terms.mayStore);
    if (stale !== undefined) {
      const outcome = await this.soft.within(flight.outcome);
      const then = this.clock();
      const isMissing = outcome === undefined ||
        (outcome instanceof Failure && !isAboutKey(outcome));
      // It may have been changed, or gone too old, while Redis was waited for.
      if (isMissing && table.findStale(key, then, window)?.validFrom === stale.validFrom) {
        return this.#answerStale(stale, then);
      }
    }
    const outcome = await flight.outcome;
    return readAnswer(outcome, via, this.clock(), flight.isStored, joined !== undefined);
  }

  #miss(key: Key, now: Millis): Promise<Outcome> {
    this.stats.misses++;
    this.table.noteMiss(key, now);
    const joined = this.#join(key, now);
    if (joined !== undefined) return joined.outcome;
    const failed = this.#backOff(key, now);
    return failed === undefined ? this.#start(key).outcome : Promise.resolve(failed);
  }

  /** The read of a key that is under way, for one more who waits. */
  #join(key: Key, now: Millis, mayStore = true): Flight | undefined {
    const flight = this.table.join(key, now);
    if (flight === undefined) return undefined;
    this.stats.collapsed++;
    if (mayStore) flight.mayStore = true;
    return flight;
  }

  /** The failure that a key has just come to, if it is too early for another read. */
  #backOff(key: Key, now: Millis): Failure | undefined {
    const failed = this.#backoff.find(key, now);
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
    if (flights.length > 0) this.#fetch(flights);
    return outcomes;
  }

  /**
   * A flight begins that others can join. It leaves with all that begin in this turn of the event
   * loop: measured, a trip for each took twice the time of a miss.
   */
  #start(key: Key, mayStore = true): Flight {
    const flight = this.table.begin(key, mayStore);
    const count = this.#boarding.push(flight);
    if (count === 1) this.board(() => this.#depart());
    else if (count === TRIP_KEYS) this.#depart();
    return flight;
  }

  #depart(): void {
    const flights = this.#boarding;
    if (flights.length === 0) return;
    this.#boarding = [];
    this.#fetch(flights);
  }

  /** Reads the keys of flights in one trip. */
  #fetch(flights: readonly Flight[]): void {
    // Without those that have landed: who waits for a large value must not hold the others.
    const flying: (Flight | null)[] = [...flights];
    this.origin.read(flights.map(({ key }) => key), (again) => {
      const now = this.clock();
      const sent = again === undefined ? flying : [flying[again]!];
      for (const flight of sent) if (flight !== null) this.table.sent(flight, now);
    }).then((fetched) => {
      const now = this.clock();
      for (let index = 0; index < fetched.length; index++) {
        const flight = flying[index]!;
        const one = fetched[index]!;
        if (one instanceof Promise) {
          one.then((late) => {
            flying[index] = null;
            this.#land(flight, late, this.clock());
          });
        } else {
          flying[index] = null;
          this.#land(flight, one, now);
        }
      }
    });
  }

  #land(flight: Flight, fetched: Fetched, now: Millis): void {
    // A read that never was sent says nothing of how the next one would fare.
    if (flight.phase === "sent") this.#backoff.note(flight.key, fetched, now);
    flight.settle(this.table.land(flight, fetched, now));
  }

  /** Reads a key that is in use ahead of its time; who asks meanwhile still has the entry. */
  #refresh(key: Key, now: Millis): void {
    if (this.table.look(key).flight !== undefined || !(this.origin.hasRoom?.() ?? true)) return;
    if (this.#backoff.find(key, now) !== undefined) return;
    this.stats.refreshes++;
    this.#start(key);
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
