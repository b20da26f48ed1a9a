/**
 * The cache: answers from memory while an entry is fresh, else reads through to the origin, once
 * for all who ask for the same key meanwhile. Both protocols share it.
 *
 * Bounded by entries and by bytes, least recently used first. `LRUCache` is used as a plain LRU
 * with sizes: freshness stands in the entry, since its own `ttl` costs memory and a clock read for
 * each entry, and its `fetch` lets pending reads evict live entries.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import { Buffer } from "node:buffer";
import {
  type Answer,
  Entry,
  Failure,
  type Fetched,
  type Key,
  type Lookup,
  type Millis,
  type Origin,
  type Outcome,
  type Terms,
  type Via,
} from "./protocol.ts";
import type { Stats } from "./stats.ts";

/** Bounds of the cache. */
export interface CacheOptions {
  /** Entries kept at most. */
  readonly entries: number;
  /** Bytes kept at most: keys, values and what it costs to keep them. */
  readonly bytes: number;
  /** How long a value is fresh, counted from when its read was sent. */
  readonly timeToLive: Millis;
}

/** What one entry costs beside the bytes of its key and its value, measured at a million entries. */
export const ENTRY_OVERHEAD_BYTES = 400;

export class ReadThrough implements Lookup {
  readonly #entries: LRUCache<Key, Entry>;
  readonly #flights = new Map<Key, Promise<Outcome>>();
  readonly #timeToLive: Millis;

  constructor(readonly origin: Origin, readonly stats: Stats, options: CacheOptions) {
    this.#timeToLive = options.timeToLive;
    this.#entries = new LRUCache({
      max: options.entries,
      maxSize: options.bytes,
      sizeCalculation: (entry, key) => entry.value.length + key.length + ENTRY_OVERHEAD_BYTES,
    });
  }

  /** The number of entries, fresh or not. */
  get size(): number {
    return this.#entries.size;
  }

  /** The bytes that the entries cost. */
  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  /** The number of reads that are under way. */
  get flights(): number {
    return this.#flights.size;
  }

  get(key: Key, now: Millis): Outcome | Promise<Outcome> {
    return this.#cached(key, now) ?? this.#flights.get(key) ?? this.#fetch([key], now)[0]!;
  }

  getMany(keys: readonly Key[], now: Millis): Outcome[] | Promise<Outcome[]> {
    const found: (Outcome | Promise<Outcome> | undefined)[] = keys.map((key) =>
      this.#cached(key, now)
    );
    if (!found.includes(undefined)) return found as Outcome[];
    const missing = keys.filter((key, index) =>
      found[index] === undefined && !this.#flights.has(key)
    );
    if (missing.length > 0) this.#fetch([...new Set(missing)], now);
    return Promise.all(found.map((one, index) => one ?? this.#flights.get(keys[index]!)!));
  }

  ask(key: Key, now: Millis, terms: Terms): Answer | Promise<Answer> {
    const entry = this.#entries.get(key);
    if (entry !== undefined && meets(entry, terms, now)) {
      this.stats.hits++;
      return answer(entry, "hit", now, true, false);
    }
    this.stats.misses++;
    const via = entry === undefined ? "uri-miss" : now < entry.freshUntil ? "request" : "stale";
    if (!terms.mayForward) {
      return answer(new Failure("uncached", "Not in the cache"), via, now, false, false);
    }
    const joined = terms.maxAge === 0 ? undefined : this.#flights.get(key);
    const flight = joined ?? this.#fetch([key], now, terms.mayStore)[0]!;
    return flight.then((outcome) => {
      const isStored = outcome instanceof Entry && this.#entries.peek(key) === outcome;
      return answer(outcome, via, performance.now(), isStored, joined !== undefined);
    });
  }

  #cached(key: Key, now: Millis): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || now >= entry.freshUntil) {
      this.stats.misses++;
      return undefined;
    }
    this.stats.hits++;
    return entry;
  }

  /** Reads keys that are not under way in one trip; each becomes a flight that others can join. */
  #fetch(keys: readonly Key[], now: Millis, mayStore = true): Promise<Outcome>[] {
    const own = keys.map(ownKey);
    const fetched = this.origin.read(own);
    return own.map((key, index) => {
      const flight: Promise<Outcome> = fetched.then((values) => {
        // A forced read may have taken this one's place.
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
        return this.#land(key, values[index]!, now, mayStore);
      });
      this.#flights.set(key, flight);
      return flight;
    });
  }

  #land(key: Key, fetched: Fetched, sentAt: Millis, mayStore: boolean): Outcome {
    if (fetched instanceof Failure) return fetched;
    if (fetched === null) {
      this.#entries.delete(key);
      return null;
    }
    const entry = new Entry(fetched, sentAt, sentAt + this.#timeToLive);
    const known = this.#entries.peek(key);
    if (mayStore && (known === undefined || known.validFrom <= sentAt)) {
      this.#entries.set(key, entry);
    }
    return entry;
  }
}

function meets(entry: Entry, terms: Terms, now: Millis): boolean {
  return now - entry.validFrom <= terms.maxAge && terms.maxAge > 0 && now < entry.freshUntil;
}

function answer(
  outcome: Outcome,
  via: Via,
  now: Millis,
  isStored: boolean,
  isCollapsed: boolean,
): Answer {
  const isEntry = outcome instanceof Entry;
  const age = isEntry ? now - outcome.validFrom : 0;
  const timeLeft = isEntry ? outcome.freshUntil - now : 0;
  return { outcome, via, age, timeLeft, isStored, isCollapsed };
}

/** A copy of the key in memory of its own: what a parser hands on may be part of a larger string. */
function ownKey(key: Key): Key {
  return Buffer.from(key, "latin1").toString("latin1");
}
