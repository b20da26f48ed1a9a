/**
 * The cache. It answers from memory while an entry holds, and otherwise reads from the origin, once
 * for all concurrent requests for a key. Both protocols share it.
 *
 * The table has the rules. This class applies them: it has the clock, the promises and the origin.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import { type LookupWatch, NO_WATCH } from "../core/lookup_watch.ts";
import { Later } from "../core/later.ts";
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
import { FlightAnswer } from "./answer_of.ts";
import { explain } from "./explain.ts";
import type { CacheFlight } from "./flight.ts";
import { bytesOf, CacheKey, textOf } from "./key.ts";
import { SoftWait } from "./soft_wait.ts";
import { reportHit, reportStale, viaOf } from "./status.ts";
import { hashOf } from "./store/hash.ts";
import type { Table } from "./table.ts";

const UNCACHED = new Failure("uncached", "Not in the cache");

/** The dependencies of a read-through. The program uses the defaults; tests replace them. */
export interface ReadThroughOptions {
  /** The clock. */
  readonly clock?: () => Millis;
  /** How long to wait for the origin if a stale value may be served instead. */
  readonly softWait?: SoftWait;
  /** Runs a function at the end of a turn of the event loop, when the flights of the turn leave. */
  readonly atEndOfTurn?: AtEndOfTurn;
  /** Looks at some of the lookups. */
  readonly watch?: LookupWatch;
}

/** A request that is more than a plain hit. */
interface Query {
  readonly key: CacheKey;
  readonly now: Millis;
  readonly terms: Terms;
  /** Filled in with how the answer came about. */
  readonly status: CacheStatus | undefined;
}

export class ReadThrough implements Lookup {
  readonly #clock: () => Millis;
  readonly #softWait: SoftWait;
  readonly #boarding: Boarding;
  readonly watch: LookupWatch;

  constructor(
    readonly origin: Origin,
    readonly table: Table,
    readonly stats: Stats,
    options: ReadThroughOptions = {},
  ) {
    this.#clock = options.clock ?? (() => performance.now());
    this.#softWait = options.softWait ?? new SoftWait(Infinity);
    this.#boarding = new Boarding(origin, options.atEndOfTurn);
    this.watch = options.watch ?? NO_WATCH;
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
  ): Answer | Later<Answer> {
    const { bytes, from, to } = typeof key === "string" ? bytesOf(key) : key;
    const hash = hashOf(bytes, from, to);
    if (status === undefined && terms.maxAge === Infinity && !terms.isFenced) {
      const answer = this.#plainHit(bytes, from, to, hash, now);
      if (answer !== undefined) return answer;
    }
    const { watch, stats } = this;
    const isWatched = --watch.left <= 0 || (hash & watch.mask) === 0;
    const { hits } = stats;
    const query = { key: new CacheKey(textOf(key), hash), now, terms, status };
    const answer = this.#answer(query, this.table.find(bytes, from, to, hash));
    if (isWatched) watch.saw(bytes, from, to, hash, stats.hits > hits, sizeOf(answer));
    return answer;
  }

  /** The answer of most requests. A function of its own, so that V8 optimizes it without misses. */
  #plainHit(bytes: Buffer, from: number, to: number, hash: number, now: Millis) {
    const { table } = this;
    const entry = table.find(bytes, from, to, hash);
    if (entry === undefined || !table.holds(entry, now) || now >= entry.refreshAt) return undefined;
    this.stats.hits++;
    const { watch } = this;
    if (--watch.left <= 0 || (hash & watch.mask) === 0) {
      watch.saw(bytes, from, to, hash, true, entry.value.length);
    }
    return entry.isAbsence ? null : entry.value;
  }

  together<T>(read: () => T): T {
    return this.#boarding.together(read);
  }

  explain(key: Key, now: Millis): Readonly<Record<string, string>> {
    const failed = this.table.backoff.find(key, now);
    return {
      ...explain(this.table, key, now),
      "backing-off": failed?.message ?? "no",
      ...this.origin.explain?.(key, now),
    };
  }

  /** Answers from an entry if the terms allow it, otherwise from the origin. */
  #answer(query: Query, entry: Entry | undefined): Answer | Later<Answer> {
    const { key, now, terms } = query;
    const { table } = this;
    if (terms.isFenced) return Later.of(this.#fence(query));
    if (entry === undefined || terms.maxAge === 0) return this.#miss(query, entry);
    if (table.holds(entry, now) && table.proof.ageOf(key.text, entry, now) <= terms.maxAge) {
      return this.#hit(query, entry);
    }
    return table.holdsStale(key.text, entry, now, terms.maxStale)
      ? this.#stale(query, entry)
      : this.#miss(query, entry);
  }

  #hit({ key, now, status }: Query, entry: Entry): Answer {
    this.stats.hits++;
    if (status !== undefined) reportHit(status, this.table.proof, key.text, entry, now);
    const answer = entry.isAbsence ? null : entry.value;
    if (now >= entry.refreshAt) this.#refresh(key, now);
    return answer;
  }

  #stale({ key, now, status }: Query, entry: Entry): Answer {
    this.stats.staleAnswers++;
    if (status !== undefined) reportStale(status, this.table.proof, key.text, entry, now);
    return entry.value;
  }

  #miss(query: Query, entry: Entry | undefined): Answer | Later<Answer> {
    const { key, now, terms, status } = query;
    const { table } = this;
    this.stats.misses++;
    const reason = table.noteMiss(key, entry, now);
    if (status !== undefined) status.via = viaOf(reason);
    if (!terms.mayForward) return UNCACHED;
    const window = staleWindowOf(terms);
    const isStale = entry !== undefined && table.holdsStale(key.text, entry, now, window);
    const stale = isStale ? entry : undefined;
    const joined = terms.maxAge === 0 ? undefined : this.#join(query);
    if (joined !== undefined) return this.#wait(query, joined, stale);
    const failed = this.#backOff(query);
    if (failed !== undefined) return isStale ? this.#stale(query, entry) : failed;
    if (terms.maxAge === 0) table.bypass(key);
    const flight = table.begin(key, terms.mayStore);
    flight.missedAt = now;
    flight.mustBeCurrent = terms.maxAge < Infinity;
    const answer = this.#wait(query, flight, stale);
    this.#boarding.add(flight);
    return answer;
  }

  #wait(query: Query, flight: CacheFlight, stale: Entry | undefined): Later<Answer> {
    if (stale !== undefined) return Later.of(this.#waitSoftly(query, flight, stale.validFrom));
    const answer = new FlightAnswer(query.status);
    flight.await(query.terms.window, answer);
    return answer;
  }

  /**
   * Waits for a flight. Serves a stale entry if that takes long or Redis gives no answer.
   *
   * @param validFrom Tells the stale entry from others of its key.
   */
  async #waitSoftly(query: Query, flight: CacheFlight, validFrom: Millis): Promise<Answer> {
    const { key, terms, status } = query;
    const landedStatus = status && Object.assign(new CacheStatus(), status);
    const landing = new FlightAnswer(landedStatus);
    flight.await(terms.window, landing);
    const early = await this.#softWait.within(landing);
    if (early === undefined || (early instanceof Failure && !isAboutKey(early))) {
      const now = this.#clock();
      const { entry } = this.table.look(key);
      // The entry may have been changed, or become too old, during the wait.
      if (
        entry?.validFrom === validFrom &&
        this.table.holdsStale(key.text, entry, now, staleWindowOf(terms))
      ) return this.#stale({ ...query, now }, entry);
    }
    const answer = await landing;
    if (status !== undefined) Object.assign(status, landedStatus);
    return answer;
  }

  /** Waits until all earlier changes are known. Then the cache is current. */
  async #fence(query: Query): Promise<Answer> {
    const { key, terms } = query;
    const isPassed = this.table.proof.covers(key.text) && await this.origin.fence();
    // The answer must not be older than the request, so it is never stale.
    const rest = { ...terms, isFenced: false, maxStale: 0, staleIfError: 0 };
    const { bytes, from, to } = bytesOf(key.text);
    return await this.#answer(
      { ...query, now: this.#clock(), terms: isPassed ? rest : { ...rest, maxAge: 0 } },
      this.table.find(bytes, from, to, key.hash),
    );
  }

  /** Joins the in-flight read of a key, if there is one. */
  #join({ key, now, terms, status }: Query): CacheFlight | undefined {
    const flight = this.table.join(key.text, now);
    if (flight === undefined) return undefined;
    if (terms.maxAge < Infinity) {
      if (flight.phase === "sent" && now - flight.validFrom > terms.maxAge) return undefined;
      flight.mustBeCurrent = true;
    }
    this.stats.collapsed++;
    if (status !== undefined) status.isCollapsed = true;
    if (terms.mayStore) flight.mayStore = true;
    return flight;
  }

  /** The failure of the key's last read, while it is too early for another read. */
  #backOff({ key, now }: Query): Failure | undefined {
    const failed = this.table.backoff.find(key.text, now);
    if (failed !== undefined) this.stats.backedOff++;
    return failed;
  }

  /** Reads a key that no client has asked for yet, unless it is known. */
  warm(key: Key): void {
    const { table } = this;
    const id = new CacheKey(key);
    if (table.isFlying(key) || table.look(id).entry !== undefined) return;
    this.#boarding.add(table.begin(id));
  }

  /** Reads a key in use again before its entry expires. Requests meanwhile get the entry. */
  #refresh(key: CacheKey, now: Millis): void {
    const { table } = this;
    if (table.isFlying(key.text) || !this.origin.hasRoom()) return;
    if (table.backoff.find(key.text, now) !== undefined) return;
    this.stats.refreshes++;
    this.#boarding.add(table.begin(key));
  }
}

/** How long past its freshness an entry may be served if Redis gives no answer. */
function staleWindowOf({ maxAge, staleIfError }: Terms): Millis {
  return maxAge === 0 ? 0 : staleIfError ?? Infinity;
}

/** The bytes of an answer that is known already. */
function sizeOf(answer: Answer | Later<Answer>): number {
  return answer instanceof Uint8Array ? answer.length : 0;
}
