/**
 * For how long what is kept: one record of decisions, and which record is whose key's.
 *
 * @module
 */
import type { KeyPattern } from "../core/key_pattern.ts";
import type { Key, Millis } from "../core/types.ts";

/** How long what was read is fresh at most, counted from when its read was sent. */
export interface Lifetimes {
  readonly value: Millis;
  /** For a key that does not exist; 0 keeps no such answer. */
  readonly absence: Millis;
}

/** Everything that is decided about the entries of some keys. */
export interface Policy {
  /** The pattern of the keys, as it was written. */
  readonly pattern: string;
  /** While Redis tells of every change. */
  readonly tracked: Lifetimes;
  /** While it does not. */
  readonly untracked: Lifetimes;
  /** For how long a value may be answered past its time, if Redis gives no answer. */
  readonly staleIfError: Millis;
  /** Largest value that is kept, in bytes. */
  readonly valueLimit: number;
  /** By up to which part a lifetime is cut at random, so that what came together does not go so. */
  readonly jitter: number;
  /** After which part of its lifetime a value in use is read anew; Infinity for never. */
  readonly refreshAfter: number;
}

/** A policy that differs from the general one for the keys of a pattern. */
export interface PolicyRule extends KeyPattern {
  readonly change: (general: Policy) => Policy;
}

/** The policy of every key: of the rules that match, the one with the longest literal. */
export class Policies {
  readonly #exact = new Map<Key, Policy>();
  readonly #prefixes: { prefix: Key; policy: Policy }[] = [];
  /** The longest time that any policy allows past an entry's own. */
  readonly longestStale: Millis;
  /** The longest time that any policy allows to an entry while Redis announces no changes. */
  readonly longestLife: Millis;

  constructor(readonly general: Policy, rules: readonly PolicyRule[] = []) {
    for (const { literal, isPrefix, change } of rules) {
      const policy = change(general);
      if (isPrefix) this.#prefixes.push({ prefix: literal, policy });
      else this.#exact.set(literal, policy);
    }
    this.#prefixes.sort((a, b) => b.prefix.length - a.prefix.length);
    const all = [general, ...this.#exact.values(), ...this.#prefixes.map(({ policy }) => policy)];
    this.longestStale = Math.max(...all.map(({ staleIfError }) => staleIfError));
    this.longestLife = Math.max(
      ...all.map(({ untracked: { value, absence } }) => Math.max(value, absence)),
    );
  }

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

/** A lifetime cut at random by the policy's jitter: never longer, or the promise would break. */
export function cut(lifetime: Millis, policy: Policy, random: () => number): Millis {
  return policy.jitter === 0 ? lifetime : lifetime * (1 - policy.jitter * random());
}
