/**
 * What the origin tells of its connections, and of the changes that Redis announces. Types only.
 *
 * @module
 */
import type { Key, Millis } from "../core/types.ts";

/** The two connections of the pair: reads go over one, invalidations come over the other. */
export type Side = "data" | "invalidation";

/** Who is told of what happens to the link, and of what comes over it. */
export interface Follower {
  /** It is there; values may be kept untold of changes where Redis refuses to tell. */
  up(isTracked: boolean, provenAt: Millis, mayKeepUntold: boolean): void;
  down(now: Millis): void;
  answered(side: Side, sentAt: Millis): void;
  doubted(): void;
  invalidate(key: Key): void;
  flush(): void;
  /** Something came over the channel of invalidations that is none. */
  foreign(): void;
}
