/**
 * Whether reads would be served now: what a load balancer wants to know.
 *
 * @module
 */
import type { Facts } from "../core/facts.ts";

/** What it hangs on. */
export interface Circumstances
  extends Pick<Facts, "originState" | "originProblem" | "coherence" | "cacheEntries"> {
  readonly isStopping: boolean;
  /** Whether --coherence is `required`. */
  readonly isCoherenceRequired: boolean;
  /** Whether stale values may be answered while Redis is away, for any key. */
  readonly mayBeStale: boolean;
}

/** Returns why reads would not be served as they should; null when they would. */
export function whyNotReady(now: Circumstances): string | null {
  if (now.isStopping) return "stopping";
  // Nothing that is cached makes up for a configuration that cannot work.
  if (now.originState === "refused") return now.originProblem;
  if (now.isCoherenceRequired && now.coherence !== "tracked") {
    return "Redis does not tell of changes, and --coherence is required";
  }
  if (now.originState === "up") return null;
  if (now.cacheEntries === 0) return `${now.originProblem}; nothing is cached`;
  // Without Redis only these are answered; what was tracked is unknown by then.
  const isTimeBound = now.coherence === "off" || now.coherence === "untracked";
  if (isTimeBound || now.mayBeStale) return null;
  return `${now.originProblem}; what is cached cannot be proven right`;
}
