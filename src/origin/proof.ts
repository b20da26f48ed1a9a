/**
 * The pulse of the connections in use: it proves again and again that Redis announces changes.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";
import type { Follower } from "./follower.ts";
import { Pulse } from "./pulse.ts";
import type { Tracking } from "./tracking.ts";
import type { Upstream } from "./upstream.ts";

export interface ProofOptions {
  /** How long a proof holds that Redis announces changes. */
  readonly lease: Millis;
  /** How long an answer to a probe may take; default: as long as the connection is not silent. */
  readonly probeLimit?: Millis;
  /** A probe is sent every so many sixths of the lease. Default: 1. */
  readonly beats?: number;
  /** Who says when the proof is needed. Default: always. */
  readonly rest?: {
    isNeeded(): boolean;
    /** The proof lapses until the link is woken. */
    rested(): void;
  };
}

/**
 * Starts the pulse.
 *
 * @param isInUse Whether the connections are still those in use.
 * @param failed Called when a connection is silent.
 */
export function pulseOf(
  { swaps }: Upstream,
  { probes }: Tracking,
  { lease, probeLimit, beats, rest }: ProofOptions,
  listener: Follower,
  isInUse: () => boolean,
  failed: (error: Error) => void,
): Pulse {
  if (swaps !== null) swaps.onSwap = () => isInUse() && listener.flush();
  return new Pulse(
    probes,
    lease,
    {
      answered: (side, sentAt) => isInUse() && listener.answered(side, sentAt),
      doubted: () => listener.doubted(),
      beat: () => swaps?.look(),
      failed,
      isNeeded: () => rest?.isNeeded() ?? true,
      rested: () => rest?.rested(),
    },
    probeLimit,
    beats,
  );
}
