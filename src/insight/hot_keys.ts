/**
 * The keys that are read most, in memory that does not grow: a sample of the lookups goes into a
 * sketch of a few hundred keys. A key that is not among them takes the place of the least frequent.
 * Source: Metwally, Agrawal, El Abbadi, "Efficient computation of frequent and top-k elements in
 * data streams" (Space-Saving).
 *
 * @module
 */
import type { HotKey } from "../core/insight.ts";
import type { Key, Millis } from "../core/types.ts";

/** The keys in the sketch. */
const KEYS = 256;

/** A key that came less often in a sample of many lookups may be there by chance. */
const FEWEST = 5;

/** Longer keys are left out, in bytes: the sketch must stay small. */
const KEY_LENGTH = 1024;

/** How often old lookups lose weight, and how much of it stays. */
const PERIOD: Millis = 10_000;
const KEPT = 0.7;

/** The sampled lookups of a key, old ones with less weight. */
interface Counted {
  key: Key;
  /** Its lookups, and those of the keys whose place it took. */
  count: number;
  /** The count when it took its place, which may be of other keys. */
  inherited: number;
  hits: number;
  bytes: number;
  /** How often it came in the sample. */
  samples: number;
}

export class HotKeys {
  readonly #counted = new Map<Key, Counted>();
  #agedAt: Millis;
  /** The time in which the counts were made, in milliseconds, weighted as they are. */
  #span: Millis = 0;

  constructor(readonly clock: () => Millis = () => performance.now()) {
    this.#agedAt = clock();
  }

  /**
   * Counts a sampled lookup.
   *
   * @param bytes The size of the value.
   * @param weight How many lookups it stands for.
   */
  add(key: Key, isHit: boolean, bytes: number, weight: number): void {
    if (key.length > KEY_LENGTH) return;
    let counted = this.#counted.get(key);
    if (counted === undefined) counted = this.#admit(key);
    counted.samples++;
    counted.count += weight;
    counted.bytes += weight * bytes;
    if (isHit) counted.hits += weight;
  }

  /** The keys that are read most, the first one most often. */
  top(count: number): Omit<HotKey, "node">[] {
    this.age();
    const seconds = Math.max(this.#span + this.clock() - this.#agedAt, 1) / 1000;
    const perSecond = 1 / seconds;
    return [...this.#counted.values()]
      // What a key certainly has: the rest may be of keys whose place it took.
      .map((one) => ({ ...one, sure: one.count - one.inherited }))
      .filter(({ sure, samples }) => sure >= 1 && (samples >= FEWEST || sure < 2 * samples))
      .sort((one, other) => other.sure - one.sure)
      .slice(0, count)
      .map(({ key, sure, hits, bytes }) => ({
        key,
        rate: sure * perSecond,
        bytes: bytes * perSecond,
        hitShare: Math.min(1, hits / sure),
      }));
  }

  #admit(key: Key): Counted {
    let inherited = 0;
    if (this.#counted.size >= KEYS) {
      const least = [...this.#counted.values()].reduce((one, other) =>
        other.count < one.count ? other : one
      );
      this.#counted.delete(least.key);
      inherited = least.count;
    }
    const counted = { key, count: inherited, inherited, hits: 0, bytes: 0, samples: 0 };
    this.#counted.set(key, counted);
    return counted;
  }

  /** Takes weight from old lookups. To be called now and then. */
  age(): void {
    const now = this.clock();
    for (; now - this.#agedAt >= PERIOD; this.#agedAt += PERIOD) {
      this.#span = (this.#span + PERIOD) * KEPT;
      if (now - this.#agedAt > 100 * PERIOD) this.#counted.clear();
      for (const one of this.#counted.values()) {
        one.count *= KEPT;
        one.inherited *= KEPT;
        one.hits *= KEPT;
        one.bytes *= KEPT;
        one.samples *= KEPT;
        if (one.count < 0.1) this.#counted.delete(one.key);
      }
    }
  }
}
