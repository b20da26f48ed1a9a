/**
 * Estimates how many reads of Redis the cache would save with half or twice the room. It follows a
 * part of the keys, chosen by their hash, and counts how many other keys are read between two reads
 * of the same key: with less room than that, the second read is a miss.
 * Source: Waldspurger, Park, Garthwaite, Ahmad, "Efficient MRC construction with SHARDS".
 *
 * @module
 */
import type { Savings } from "../core/insight.ts";
import type { Millis } from "../core/types.ts";

/** The keys to follow, about. */
const FOLLOWED = 1024;

/** Fewer keys say too little. */
const FEWEST = 32;

/** At most one in so many keys is followed, as a power of 2, so that a hit costs no more. */
const LEAST_SHIFT = 4;

/** The top of the stack, in keys. */
const NEAR = 32;

/** How often old lookups lose weight, and how much of it stays. */
const PERIOD: Millis = 10_000;
const KEPT = 0.9;

/** The counts of the cache since its start. */
export interface Lookups {
  readonly hits: number;
  readonly misses: number;
}

export class WhatIf {
  /** A key is followed if no bit of its hash is in this mask. */
  readonly mask: number;
  /** The hashes of the followed keys by their last lookup, the latest one first. */
  readonly #stack: Int32Array;
  #length = 0;
  /** The room of the cache in followed keys. */
  readonly #room: number;
  /** Hits that would be misses with half the room, and misses that would be hits with twice. */
  #lost = 0;
  #gained = 0;
  /** The followed lookups: all of them, the misses, and those of keys read a moment before. */
  #followed = 0;
  #followedMisses = 0;
  #followedAgain = 0;
  #hits = 0;
  #lookups = 0;
  #before: Lookups = { hits: 0, misses: 0 };
  #agedAt: Millis;

  /**
   * @param entries The entries that the cache has room for.
   * @param counts Returns the counts of the cache.
   */
  constructor(
    entries: number,
    readonly counts: () => Lookups,
    readonly clock: () => Millis = () => performance.now(),
  ) {
    const shift = Math.max(LEAST_SHIFT, Math.ceil(Math.log2(2 * entries / FOLLOWED)));
    this.mask = 2 ** shift - 1;
    this.#room = entries / 2 ** shift;
    this.#stack = new Int32Array(Math.max(1, Math.ceil(2 * this.#room)));
    this.#agedAt = clock();
  }

  /** Counts a lookup of a followed key. */
  add(hash: number, isHit: boolean): void {
    const distance = this.#use(hash);
    this.#followed++;
    if (!isHit) this.#followedMisses++;
    else if (distance < this.#room / 8) this.#followedAgain++;
    if (isHit && distance >= this.#room / 2) this.#lost++;
    // A miss of a key that had room is no matter of room: it was changed or has expired.
    if (!isHit && distance >= this.#room && distance < 2 * this.#room) this.#gained++;
  }

  /**
   * Moves a key to the top of the stack. Returns how many keys were above it; Infinity if it was not
   * there. Hot keys are near the top: there, a loop is faster than the built-in functions.
   */
  #use(hash: number): number {
    const stack = this.#stack;
    const length = this.#length;
    const near = Math.min(NEAR, length);
    let moved = hash;
    for (let at = 0; at < near; at++) {
      const next = stack[at]!;
      stack[at] = moved;
      if (next === hash) return at;
      moved = next;
    }
    const found = near < length ? stack.indexOf(hash, near) : -1;
    const isKnown = found >= 0 && found < length;
    if (!isKnown && length < stack.length) this.#length++;
    const end = isKnown ? found : this.#length - 1;
    if (near > end) return Infinity;
    stack.copyWithin(near + 1, near, end);
    stack[near] = moved;
    return isKnown ? found : Infinity;
  }

  /** The estimate for the last minutes; null while too little is known. */
  savings(): Savings | null {
    this.age();
    const { hits, misses } = this.counts();
    const recentHits = this.#hits + hits - this.#before.hits;
    const lookups = this.#lookups + hits - this.#before.hits + misses - this.#before.misses;
    if (lookups === 0 || 2 * this.#room < FEWEST) return null;
    const part = (saved: number) => Math.min(1, Math.max(0, saved / lookups));
    const weight = this.#weight(lookups, lookups - recentHits);
    return {
      now: part(recentHits),
      withHalf: part(recentHits - this.#lost * weight),
      withDouble: part(recentHits + this.#gained * weight),
    };
  }

  /**
   * How many lookups of keys that are not hot a followed one stands for. On average that is one in
   * all hashes per followed hash, but the followed keys may be a few more or fewer. The misses show
   * how many. The lookups show it only if there are few of hot keys, of which any may be followed.
   */
  #weight(lookups: number, misses: number): number {
    if (this.#followedMisses >= FEWEST) return misses / this.#followedMisses;
    const isEven = this.#followed >= FEWEST && 2 * this.#followedAgain < this.#followed;
    return isEven ? lookups / this.#followed : this.mask + 1;
  }

  /** Takes weight from old lookups. To be called now and then. */
  age(): void {
    const now = this.clock();
    if (now - this.#agedAt < PERIOD) return;
    const kept = KEPT ** Math.floor((now - this.#agedAt) / PERIOD);
    this.#agedAt = now;
    const { hits, misses } = this.counts();
    const newHits = hits - this.#before.hits;
    this.#hits = (this.#hits + newHits) * kept;
    this.#lookups = (this.#lookups + newHits + misses - this.#before.misses) * kept;
    this.#lost *= kept;
    this.#gained *= kept;
    this.#followed *= kept;
    this.#followedMisses *= kept;
    this.#followedAgain *= kept;
    this.#before = { hits, misses };
  }
}
