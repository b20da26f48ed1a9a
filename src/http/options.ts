/**
 * The settings of HTTP, in the form that requests need.
 *
 * @module
 */
import type { Credentials } from "../core/credentials.ts";
import type { KeySet } from "../core/key_pattern.ts";
import type { Millis } from "../core/types.ts";

/** A refusal of every read. */
export interface Ban {
  /** The reason, in a sentence. */
  readonly why: string;
  /** Called with each refusal. */
  onRefused(): void;
}

/** Settings of HTTP. */
export interface HttpOptions {
  /** Media type of all values. */
  readonly contentType: string;
  /** How long other caches may keep an answer, at most as long as it is fresh here. */
  readonly maxAge: Millis;
  /** Origins whose pages may read answers, in lower case; only "*" for all; null for none. */
  readonly corsOrigins: readonly string[] | null;
  /** The allowed hosts, in lower case; null for any. */
  readonly allowedHosts: readonly string[] | null;
  /** The keys that may be read; null for all. */
  readonly keys: KeySet | null;
  /** Why no key may be read, whatever its name; null if keys may be read. */
  readonly ban: Ban | null;
  /** Whether a request may ask for an answer fresher than the cached one. */
  readonly mayRefresh: boolean;
  /** The credentials of clients. */
  readonly credentials: Credentials;
}
