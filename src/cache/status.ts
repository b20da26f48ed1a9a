/**
 * Records how an answer came about.
 *
 * @module
 */
import { type CacheStatus, Failure, type Key, type Millis, type Via } from "../core/types.ts";
import type { Entry } from "./entry.ts";
import type { CacheFlight, Landing } from "./flight.ts";
import type { MissReason } from "./miss_reasons.ts";
import type { Proof } from "./proof.ts";

/** Records that the answer is an entry. */
export function reportHit(
  status: CacheStatus,
  proof: Proof,
  key: Key,
  entry: Entry,
  now: Millis,
): void {
  status.via = "hit";
  status.age = proof.ageOf(key, entry, now);
  status.timeLeft = entry.freshUntil - now;
  status.isStored = true;
  status.isCollapsed = false;
  status.place = entry.keep();
}

/** Records that the answer is a stale entry. Its time left is negative. */
export function reportStale(
  status: CacheStatus,
  proof: Proof,
  key: Key,
  entry: Entry,
  now: Millis,
): void {
  reportHit(status, proof, key, entry, now);
  status.timeLeft = Math.min(-1, proof.freshEnd(key, entry) - now);
}

/** Records that the answer comes from a flight. */
export function reportLanding(
  status: CacheStatus,
  { validFrom }: CacheFlight,
  { answer, freshUntil, entry, part }: Landing,
  now: Millis,
): void {
  if (answer instanceof Failure) return;
  status.age = now - validFrom;
  status.timeLeft = freshUntil - now;
  status.isStored = entry !== undefined;
  status.part = part;
  if (entry !== undefined) status.place = entry.keep();
}

/** Returns why the origin is read. */
export function viaOf(reason: MissReason): Via {
  switch (reason) {
    case "forced":
      return "request";
    case "expired":
    case "lease lapsed":
    case "connection lost":
      return "stale";
    default:
      return "uri-miss";
  }
}
