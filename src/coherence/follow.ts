/**
 * Carries what happens on the link to the table, and counts it.
 *
 * @module
 */
import type { Key, Millis } from "../protocol.ts";
import type { Stats } from "../stats.ts";
import type { Side } from "./channel.ts";
import type { Table } from "./table.ts";

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

/** Returns a listener that keeps the table in step with Redis. */
export function follow(table: Table, stats: Stats): Follower {
  const { channel } = table;
  return {
    up(isTracked, provenAt, mayKeepUntold) {
      table.up(isTracked, provenAt, mayKeepUntold);
      stats.connections++;
    },
    down(now) {
      table.down(now);
      stats.connectionsLost++;
    },
    answered: (side, sentAt) => channel.answered(side, sentAt),
    doubted: () => channel.doubt(),
    invalidate(key) {
      stats.invalidations++;
      table.invalidate(key);
    },
    flush() {
      stats.flushes++;
      table.flush();
    },
    foreign: () => stats.foreignMessages++,
  };
}
