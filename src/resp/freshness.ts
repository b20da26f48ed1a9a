/**
 * How fresh the answers of a connection have to be. Its client may choose (PROXY FRESHNESS).
 *
 * @module
 */
import { NO_TERMS, type Terms } from "../core/types.ts";

/**
 * What a client may choose:
 * - `cached`: within the promise of the cache; a connection begins with this, unless
 *   --stale-if-error or --resp-freshness says otherwise
 * - `fenced`: also no older than the request, from the cache where that can be proven
 * - `forced`: read from Redis for this very request
 * - `stale`: as `cached`, and past its time where Redis gives no answer, as --stale-if-error allows
 */
export const FRESHNESS = ["cached", "fenced", "forced", "stale"] as const;

/** A choice. */
export type Freshness = typeof FRESHNESS[number];

/** RESP has no way to mark a stale value, so a client gets none unless it asks for them. */
const NEVER_STALE: Terms = { ...NO_TERMS, staleIfError: 0 };

/** The terms of requests, by the choice of their client. */
export const TERMS: Readonly<Record<Freshness, Terms>> = {
  cached: NEVER_STALE,
  fenced: { ...NEVER_STALE, isFenced: true },
  forced: { ...NEVER_STALE, maxAge: 0 },
  stale: NO_TERMS,
};
