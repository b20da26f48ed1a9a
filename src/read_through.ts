/**
 * The cache: answers from memory while an entry holds, else reads through to the origin, once for
 * all who ask for the same key meanwhile. Both protocols share it.
 *
 * The rules are the table's; this is what carries them out: it has the clock, the promises and the
 * origin.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Flight, Held } from "./coherence/entry.ts";
import { explain } from "./coherence/explain.ts";
import { isAboutKey, type Table } from "./coherence/table.ts";
import {
  type Answer,
  Entry,
  Failure,
  type Key,
  type Lookup,
  type Millis,
  type Origin,
  type Outcome,
  type Terms,
  type Via,
} from "./protocol.ts";
import type { Stats } from "./stats.ts";

export class ReadThrough implements Lookup {
  /** @param clock Tells the moment at which something is sent or comes; a test's own may. */
  constructor(
    readonly origin: Origin,
    readonly table: Table,
    readonly stats: Stats,
    readonly clock: () => Millis = () => performance.now(),
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

  get(key: Key, now: Millis): Outcome | Promise<Outcome> {
    const found = this.table.find(key, now);
    if (found === undefined) return this.#miss(key, now);
    this.stats.hits++;
    if (found !== null && now >= found.refreshAt) this.#refresh(key);
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
      return flights.get(keys[index]!)!.outcome;
    }));
  }

  ask(key: Key, now: Millis, terms: Terms): Answer | Promise<Answer> {
    if (terms.isFenced === true) return this.#askFenced(key, now, terms);
    if (terms.maxAge > 0) {
      const found = this.table.find(key, now);
      if (found !== undefined && this.#age(found, now) <= terms.maxAge) {
        this.stats.hits++;
        if (found !== null && now >= found.refreshAt) this.#refresh(key);
        return this.#answer(found, "hit", now, true, false);
      }
      const stale = terms.maxStale > 0 ? this.table.findStale(key, now, terms.maxStale) : undefined;
      if (stale !== undefined) return this.#answerStale(stale, now);
    }
    this.stats.misses++;
    const via = this.#whyForward(key, now);
    if (!terms.mayForward) {
      const failure = new Failure("uncached", "Not in the cache");
      return this.#answer(failure, via, now, false, false);
    }
    return this.#forward(key, now, terms, via);
  }

  explain(key: Key, now: Millis): Readonly<Record<string, string>> {
    return explain(this.table, key, now);
  }

  /** Waits until all changes that were made before now are known; what is cached then is current. */
  async #askFenced(key: Key, now: Millis, terms: Terms): Promise<Answer> {
    const isFenced = await this.origin.fence?.() ?? false;
    const rest = { ...terms, isFenced: false };
    return isFenced
      ? await this.ask(key, this.clock(), rest)
      : await this.ask(key, now, { ...rest, maxAge: 0 });
  }

  async #forward(key: Key, now: Millis, terms: Terms, via: Via): Promise<Answer> {
    const { table, stats } = this;
    const isForced = terms.maxAge === 0;
    const window = terms.staleIfError ?? Infinity;
    const stale = table.findStale(key, now, window);
    if (isForced) table.bypass(key);
    const joined = isForced ? undefined : table.join(key, now);
    if (joined !== undefined) {
      stats.collapsed++;
      if (terms.mayStore) joined.mayStore = true;
    }
    const flight = joined ?? this.#start([key], terms.mayStore)[0]!;
    const outcome = await flight.outcome;
    const then = this.clock();
    if (outcome instanceof Failure && !isAboutKey(outcome) && stale !== undefined) {
      // It may have been changed, or gone too old, while Redis was waited for.
      if (!isForced && table.findStale(key, then, window) === stale) {
        return this.#answerStale(stale, then);
      }
    }
    return this.#answer(outcome, via, then, flight.isStored, joined !== undefined);
  }

  #miss(key: Key, now: Millis): Promise<Outcome> {
    this.stats.misses++;
    this.table.noteMiss(key, now);
    const joined = this.table.join(key, now);
    if (joined !== undefined) {
      this.stats.collapsed++;
      joined.mayStore = true;
      return joined.outcome;
    }
    return this.#start([key])[0]!.outcome;
  }

  /** The flights of several keys: those that can be joined, and one trip for all others. */
  #fly(keys: readonly Key[], now: Millis): Map<Key, Flight> {
    const flights = new Map<Key, Flight>();
    const rest: Key[] = [];
    for (const key of keys) {
      this.table.noteMiss(key, now);
      const joined = this.table.join(key, now);
      if (joined === undefined) {
        rest.push(key);
        continue;
      }
      this.stats.collapsed++;
      joined.mayStore = true;
      flights.set(key, joined);
    }
    if (rest.length > 0) {
      for (const flight of this.#start(rest)) flights.set(flight.key, flight);
    }
    return flights;
  }

  /** Reads keys in one trip; each becomes a flight that others can join. */
  #start(keys: readonly Key[], mayStore = true): Flight[] {
    const { table } = this;
    const flights = keys.map((key) => table.begin(ownKey(key), mayStore));
    this.origin.read(flights.map(({ key }) => key), () => {
      const now = this.clock();
      for (const flight of flights) table.sent(flight, now);
    }).then((fetched) => {
      const now = this.clock();
      flights.forEach((flight, index) => {
        flight.settle(table.land(flight, fetched[index]!, now));
      });
    });
    return flights;
  }

  /** Reads a key that is in use ahead of its time; who asks meanwhile still has the entry. */
  #refresh(key: Key): void {
    if (this.table.look(key).flight !== undefined || !(this.origin.hasRoom?.() ?? true)) return;
    this.stats.refreshes++;
    this.#start([key]);
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

  /** For how long at most the origin may have had another value: since it was proven right. */
  #age(found: Held | null, now: Millis): Millis {
    if (found === null) return 0;
    const { channel } = this.table;
    const provenAt = channel.state === "tracked" ? channel.provenAt : -Infinity;
    return Math.max(0, now - Math.max(found.validFrom, provenAt));
  }

  #answerStale(entry: Held, now: Millis): Answer {
    this.stats.staleAnswers++;
    const end = this.table.freshEnd(entry);
    const age = now - Math.min(end, Math.max(entry.validFrom, end));
    const timeLeft = Math.min(-1, end - now);
    return { outcome: entry, via: "hit", age, timeLeft, isStored: true, isCollapsed: false };
  }

  #answer(
    outcome: Outcome,
    via: Via,
    now: Millis,
    isStored: boolean,
    isCollapsed: boolean,
  ): Answer {
    const isEntry = outcome instanceof Entry;
    const age = isEntry
      ? via === "hit" ? this.#age(outcome as Held, now) : now - outcome.validFrom
      : 0;
    const timeLeft = isEntry ? outcome.freshUntil - now : 0;
    return { outcome, via, age, timeLeft, isStored, isCollapsed };
  }
}

/** A copy of the key in memory of its own: what a parser hands on may be part of a larger string. */
function ownKey(key: Key): Key {
  return Buffer.from(key, "latin1").toString("latin1");
}
