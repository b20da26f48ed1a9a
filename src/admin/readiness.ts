/**
 * Readiness: whether reads would be served now, for load balancers.
 *
 * @module
 */
import type { Facts } from "../core/facts.ts";

/** The facts that readiness depends on. */
export interface Circumstances
  extends Pick<Facts, "originState" | "originProblem" | "coherence" | "cacheEntries"> {
  readonly isStopping: boolean;
  /** Whether --coherence is `required`. */
  readonly isCoherenceRequired: boolean;
  /** Whether all clients may get cached values while Redis is away. */
  readonly mayServeCached: boolean;
}

/** Returns why reads would not be served as configured; null if they would. */
export function whyNotReady(now: Circumstances): string | null {
  if (now.isStopping) return "stopping";
  // Cached values do not make up for a configuration that cannot work.
  if (now.originState === "refused") return now.originProblem;
  if (now.isCoherenceRequired && now.coherence !== "tracked") {
    return "Redis announces no changes, and --coherence is required";
  }
  if (now.originState === "up") return null;
  if (now.cacheEntries === 0) return `${now.originProblem}; nothing is cached`;
  return now.mayServeCached ? null : `${now.originProblem}; no cached value may be served`;
}
