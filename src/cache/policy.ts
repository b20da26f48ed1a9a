/**
 * Policies: how long and how large entries are cached, for each key.
 *
 * @module
 */
import type { KeyPattern } from "../core/key_pattern.ts";
import type { Key, Millis } from "../core/types.ts";

/** How long an entry is fresh at most, counted from when its read was sent. */
export interface Lifetimes {
  /** For a value; 0 caches none. */
  readonly value: Millis;
  /** For a missing key; 0 caches none. */
  readonly absence: Millis;
}

/** The decisions about the entries of some keys. */
export interface Policy {
  /** The pattern of the keys, as it was written. */
  readonly pattern: string;
  /** While Redis announces changes. */
  readonly tracked: Lifetimes;
  /** While Redis does not announce changes. */
  readonly untracked: Lifetimes;
  /** How long past its freshness a value may be served if Redis does not answer. */
  readonly staleIfError: Millis;
  /** The largest value to cache, in bytes. */
  readonly valueLimit: number;
  /**
   * The largest part (0 to 1) to cut off a lifetime at random, so that entries do not expire
   * together.
   */
  readonly jitter: number;
  /** The part of a lifetime after which a hit refreshes the value; Infinity for never. */
  readonly refreshAfter: number;
}

/** A policy that differs from the general one for the keys of a pattern. */
export interface PolicyRule extends KeyPattern {
  /** Returns the policy of these keys. */
  readonly change: (general: Policy) => Policy;
}

/** The policy of every key. Of the rules that match, the one with the longest literal decides. */
export class Policies {
  readonly #exact = new Map<Key, Policy>();
  readonly #prefixes: { prefix: Key; policy: Policy }[] = [];
  /** The longest time that any policy allows for stale answers. */
  readonly longestStale: Millis;
  /** The longest lifetime that any policy allows while Redis announces no changes. */
  readonly longestLife: Millis;
  /** The same while Redis announces changes. */
  readonly longestTrackedLife: Millis;

  /** Makes policies: the general one, and rules that change it for some keys. */
  constructor(readonly general: Policy, rules: readonly PolicyRule[] = []) {
    for (const { literal, isPrefix, change } of rules) {
      const policy = change(general);
      if (isPrefix) this.#prefixes.push({ prefix: literal, policy });
      else this.#exact.set(literal, policy);
    }
    this.#prefixes.sort((a, b) => b.prefix.length - a.prefix.length);
    const all = [general, ...this.#exact.values(), ...this.#prefixes.map(({ policy }) => policy)];
    this.longestStale = Math.max(...all.map(({ staleIfError }) => staleIfError));
    const longest = (kind: "tracked" | "untracked") =>
      Math.max(...all.map((policy) => Math.max(policy[kind].value, policy[kind].absence)));
    this.longestLife = longest("untracked");
    this.longestTrackedLife = longest("tracked");
  }

  /** The policy of a key. */
  of(key: Key): Policy {
    if (this.#exact.size > 0) {
      const policy = this.#exact.get(key);
      if (policy !== undefined) return policy;
    }
    for (const { prefix, policy } of this.#prefixes) {
      if (key.startsWith(prefix)) return policy;
    }
    return this.general;
  }
}

/** Shortens a lifetime at random by the policy's jitter. It never gets longer. */
export function cut(lifetime: Millis, policy: Policy, random: () => number): Millis {
  return policy.jitter === 0 ? lifetime : lifetime * (1 - policy.jitter * random());
}
