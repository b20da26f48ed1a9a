/**
 * What the origin tells of its connections, and of the changes that Redis announces. Types only.
 *
 * @module
 */
import type { Key, Millis } from "../core/types.ts";

/** What must be proven of the connections: that reads are tracked, and that invalidations come. */
export type Side = "data" | "invalidation";

/** How Redis announces changes: on the connection that reads, or on a second one. */
export type TrackingMode = "inline" | "redirect";

/** Who is told of what happens to the link, and of what comes over it. */
export interface Follower {
  /**
   * The link is up.
   *
   * @param tracking How Redis announces changes; null if it does not.
   * @param provenAt When the probes were sent that all connections answered.
   * @param mayKeepUntold Whether values may be cached although Redis does not announce changes.
   */
  up(tracking: TrackingMode | null, provenAt: Millis, mayKeepUntold: boolean): void;
  /** The link is lost. */
  down(now: Millis): void;
  /** A connection answered the probe that was sent at `sentAt`. */
  answered(side: Side, sentAt: Millis): void;
  /** The clock jumped, as after a sleep of the machine: no earlier proof counts. */
  doubted(): void;
  /** Redis announced a change of a key. */
  invalidate(key: Key): void;
  /** Redis announced that all keys were deleted. */
  flush(): void;
  /** A message on the channel of invalidations was not an invalidation. */
  foreign(): void;
}
