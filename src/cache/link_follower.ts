/**
 * Passes events of the link to the table, and counts them.
 *
 * @module
 */
import type { Stats } from "../core/stats.ts";
import type { Follower } from "../origin/follower.ts";
import type { Table } from "./table.ts";

/** Returns a listener that keeps the table in step with Redis. */
export function linkFollower(table: Table, stats: Stats): Follower {
  const { channel } = table;
  return {
    up(tracking, provenAt, mayKeepUntold, redis) {
      channel.up(tracking !== null, provenAt, mayKeepUntold);
      channel.tracking = tracking;
      channel.redis = redis;
      stats.connections++;
    },
    down(now) {
      channel.down(now);
      channel.tracking = null;
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
