/**
 * How fresh the answers of a connection must be. Its client may choose (PROXY FRESHNESS).
 *
 * @module
 */
import { NO_TERMS, type Terms } from "../core/types.ts";

/**
 * The choices of a client:
 * - `cached`: within the promise of the cache; a connection begins with this, unless
 *   --stale-if-error or --resp-freshness says otherwise
 * - `causal`: also no older than any earlier message or reply of Redis on this connection: each
 *   message, and each reply to a command that passes, waits until all earlier changes are known
 * - `fenced`: also no older than the request; from the cache if that can be proven
 * - `forced`: read from Redis for this request
 * - `stale`: as `cached`; if Redis gives no answer, also past its time, as --stale-if-error allows
 */
export const FRESHNESS = ["cached", "causal", "fenced", "forced", "stale"] as const;

/** A choice. */
export type Freshness = typeof FRESHNESS[number];

/** RESP has no way to mark a stale value, so a client gets none unless it asks for them. */
const NEVER_STALE: Terms = { ...NO_TERMS, staleIfError: 0 };

/** The terms of requests, by the choice of their client. */
export const TERMS: Readonly<Record<Freshness, Terms>> = {
  cached: NEVER_STALE,
  causal: NEVER_STALE,
  fenced: { ...NEVER_STALE, isFenced: true },
  forced: { ...NEVER_STALE, maxAge: 0 },
  stale: NO_TERMS,
};
