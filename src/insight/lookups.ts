/**
 * Learns from a sample of the lookups: which keys are hot, and what another size of the cache would
 * change. The sample gets smaller when there are more lookups, so that it costs the same.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Key } from "../core/types.ts";
import type { LookupWatch } from "../core/lookup_watch.ts";
import type { HotKey, Insight, Savings } from "../core/insight.ts";
import { HotKeys } from "./hot_keys.ts";
import { type Lookups, WhatIf } from "./what_if.ts";

/** About so many lookups are sampled in each period, and at least one in `RAREST`. */
const SAMPLES = 256;
const RAREST = 4096;

export class LookupInsight implements LookupWatch, Insight {
  left = 1;
  readonly mask: number;
  readonly #hotKeys: HotKeys;
  readonly #whatIf: WhatIf;
  /** One in so many lookups is sampled. */
  #every = 1;
  #samples = 0;
  #lookups = 0;

  /**
   * @param entries The entries that the cache has room for.
   * @param counts Returns the counts of the cache.
   * @param nodeOf Returns the node of a key, in a cluster.
   */
  constructor(
    entries: number,
    readonly counts: () => Lookups,
    readonly nodeOf: (key: Key) => string | null = () => null,
  ) {
    this.#hotKeys = new HotKeys();
    this.#whatIf = new WhatIf(entries, counts);
    this.mask = this.#whatIf.mask;
  }

  saw(bytes: Buffer, from: number, to: number, hash: number, isHit: boolean, size: number): void {
    if ((hash & this.mask) === 0) this.#whatIf.add(hash, isHit);
    if (this.left > 0) return;
    this.#hotKeys.add(bytes.toString("latin1", from, to), isHit, size, this.#every);
    // More lookups than in the last period: the sample becomes smaller at once.
    if (++this.#samples >= 2 * SAMPLES && this.#every < RAREST) {
      this.#every *= 2;
      this.#samples = 0;
    }
    // Not at equal distances: clients may ask for keys in turn.
    this.left = this.#every === 1 ? 1 : Math.ceil(2 * this.#every * Math.random());
  }

  /** Fits the sample to the lookups of the last period. To be called every second. */
  tick(): void {
    const { hits, misses } = this.counts();
    const lookups = hits + misses;
    const wanted = Math.ceil((lookups - this.#lookups) / SAMPLES);
    this.#lookups = lookups;
    this.#samples = 0;
    this.#every = Math.min(RAREST, Math.max(1, wanted));
    this.left = Math.min(this.left, 2 * this.#every);
    this.#hotKeys.age();
    this.#whatIf.age();
  }

  /** The keys that are read most, the first one most often. */
  top(count: number): HotKey[] {
    return this.#hotKeys.top(count).map((one) => ({ ...one, node: this.nodeOf(one.key) }));
  }

  /** How many reads of Redis the cache saves; null while too little is known. */
  savings(): Savings | null {
    return this.#whatIf.savings();
  }
}
