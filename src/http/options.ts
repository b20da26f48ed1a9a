/**
 * What all HTTP connections share: the settings, in the shape in which requests need them.
 *
 * @module
 */
import type { Credentials } from "../core/credentials.ts";
import type { KeySet } from "../core/key_pattern.ts";
import type { Millis } from "../core/types.ts";

/** Settings of HTTP. */
export interface HttpOptions {
  /** Media type of all values. */
  readonly contentType: string;
  /** How long caches further down may keep an answer, at most as long as it is fresh here. */
  readonly maxAge: Millis;
  /** Origins whose pages may read answers, in lower case; "*" alone for all; null for none. */
  readonly corsOrigins: readonly string[] | null;
  /** Names that Host may have, in lower case; null for any. */
  readonly allowedHosts: readonly string[] | null;
  /** The keys that may be read; null for all. */
  readonly keys: KeySet | null;
  /** Whether a request may ask for an answer fresher than the cached one. */
  readonly mayRefresh: boolean;
  /** Who may ask. */
  readonly credentials: Credentials;
}
