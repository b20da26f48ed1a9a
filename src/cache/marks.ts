/**
 * The marks of a new entry: how long it may be served, by the policy of its key.
 *
 * @module
 */
import type { Found } from "../core/types.ts";
import type { Marks } from "./entry.ts";
import type { CacheFlight } from "./flight.ts";
import { cut, type Policy } from "./policy.ts";

/**
 * Returns the marks for the result of a flight.
 *
 * @param found The value; null for a missing key.
 * @param isTracked Whether Redis announces changes of this key.
 * @param random A number from 0 to below 1, for the jitter.
 */
export function marksOf(
  { sentAt, validFrom, epoch, generation }: CacheFlight,
  found: Found | null,
  policy: Policy,
  isTracked: boolean,
  random: () => number,
): Marks {
  const lifetimes = isTracked ? policy.tracked : policy.untracked;
  const cap = found === null ? lifetimes.absence : lifetimes.value;
  const left = found?.timeToLive ?? Infinity;
  return {
    validFrom,
    freshUntil: Math.min(sentAt + left, validFrom + cut(cap, policy, random)),
    // A key that Redis is about to delete is not worth another read.
    refreshAt: left > cap && found !== null ? validFrom + cap * policy.refreshAfter : Infinity,
    expiresAt: sentAt + left,
    epoch,
    generation,
  };
}
