/**
 * Patterns of keys, as settings name them: a key, or a prefix followed by `*`. Spaces and the
 * characters that mean something in a setting are written as `%20` and so on.
 *
 * @module
 */
import type { Key } from "./types.ts";
import { utf8 } from "./utf8.ts";

/** One key, or all keys with a prefix. */
export interface KeyPattern {
  /** The key, or the prefix. */
  readonly literal: Key;
  /** Whether it matches all keys that begin with the literal. */
  readonly isPrefix: boolean;
}

/** Reads a pattern; null for any other text. */
export function parseKeyPattern(text: string): KeyPattern | null {
  const parts = /^((?:[^%*\s]|%[0-9A-Fa-f]{2})*)(\*?)$/.exec(text);
  if (parts === null || text === "") return null;
  return { literal: decode(parts[1]!), isPrefix: parts[2] === "*" };
}

/** A literal as the bytes of a key: text in UTF-8, and the byte of each escape. */
function decode(literal: string): Key {
  return utf8(literal)
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

/** The keys of some patterns. */
export class KeySet {
  readonly #keys: ReadonlySet<Key>;
  readonly #prefixes: readonly Key[];

  /** Makes the set of all keys that match a pattern. */
  constructor(patterns: readonly KeyPattern[]) {
    const literals = (isPrefix: boolean) =>
      patterns.filter((one) => one.isPrefix === isPrefix).map(({ literal }) => literal);
    this.#keys = new Set(literals(false));
    this.#prefixes = literals(true);
  }

  /** Whether a key matches a pattern. */
  has(key: Key): boolean {
    return this.#keys.has(key) || this.#prefixes.some((prefix) => key.startsWith(prefix));
  }
}
