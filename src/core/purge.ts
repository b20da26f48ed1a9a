/**
 * Dropping entries from the cache by hand.
 *
 * @module
 */
import type { Key } from "./types.ts";

/** Which entries to drop. */
export type Purged =
  | { readonly kind: "key"; readonly key: Key }
  | { readonly kind: "prefix"; readonly prefix: Key }
  | { readonly kind: "all" };

/** Drops entries, and returns how many there were. The next reads ask Redis. */
export type Purge = (purged: Purged) => number;
