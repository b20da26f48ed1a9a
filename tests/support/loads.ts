/**
 * Sequences of keys as programs read them, and an exact cache to compare estimates with.
 *
 * @module
 */

/** A generator of numbers from 0 to below 1 that gives the same ones each time. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Keys by Zipf's law: the n-th of them is read with a probability proportional to 1 / n^s. */
export function zipf(keys: number, exponent: number, random: () => number): () => number {
  const sums = new Float64Array(keys);
  let sum = 0;
  for (let key = 0; key < keys; key++) sums[key] = sum += 1 / (key + 1) ** exponent;
  return () => {
    const wanted = random() * sum;
    let [from, to] = [0, keys - 1];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (sums[middle]! < wanted) from = middle + 1;
      else to = middle;
    }
    return from;
  };
}

/** A cache that evicts the least recently used key, exactly. */
export class ExactCache {
  readonly #keys = new Map<number, true>();
  hits = 0;
  misses = 0;

  constructor(readonly entries: number) {}

  /** Reads a key; true for a hit. */
  read(key: number): boolean {
    const isHit = this.#keys.delete(key);
    if (!isHit && this.#keys.size === this.entries) {
      this.#keys.delete(this.#keys.keys().next().value!);
    }
    this.#keys.set(key, true);
    if (isHit) this.hits++;
    else this.misses++;
    return isHit;
  }
}
