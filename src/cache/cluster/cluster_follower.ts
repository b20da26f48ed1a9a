/**
 * Passes the events of a cluster's nodes to the table, and counts them.
 *
 * @module
 */
import type { Stats } from "../../core/stats.ts";
import type { Millis } from "../../core/types.ts";
import type { ClusterFollower, NodeFollower } from "../../origin/follower.ts";
import type { ClusterTable } from "./cluster_table.ts";
import { Life } from "./tenures.ts";

/** Returns a listener that keeps the table in step with all nodes. */
export function clusterFollower(
  table: ClusterTable,
  stats: Stats,
  clock: () => Millis = () => performance.now(),
): ClusterFollower {
  return {
    node: (name) => nodeFollower(name, table, stats, clock),
    lost: (slot) => table.channel.tenures.end(slot, clock()),
  };
}

function nodeFollower(
  name: string,
  table: ClusterTable,
  stats: Stats,
  clock: () => Millis,
): NodeFollower {
  const { channel } = table;
  const { tenures } = channel;
  let life: Life | null = null;
  return {
    up(tracking, provenAt) {
      stats.connections++;
      channel.tracking = tracking;
      if (tracking === null) return;
      life = new Life(name);
      for (const side of ["data", "invalidation"] as const) tenures.answered(life, side, provenAt);
      channel.began(life);
    },
    down(now) {
      stats.connectionsLost++;
      if (life === null) return;
      tenures.endAll(life, now);
      channel.ended(life, now);
      life = null;
    },
    answered: (side, sentAt) => life !== null && tenures.answered(life, side, sentAt),
    doubted: () => life !== null && tenures.doubt(life),
    witnessed: () => life !== null && tenures.witnessed(life),
    unwitnessed: () => life !== null && tenures.unwitnessed(life),
    viewed: (owned, sentAt) => life !== null && tenures.viewed(life, owned, sentAt, clock()),
    caughtUp: (provenAt) => life !== null && tenures.caughtUp(life, provenAt),
    leftReplica: () => life !== null && tenures.leftReplica(life, clock()),
    rested: () => life !== null && tenures.rested(life),
    woke: () => life !== null && tenures.woke(life, clock()),
    invalidate(key) {
      stats.invalidations++;
      table.invalidate(key);
    },
    flush() {
      stats.flushes++;
      if (life !== null) table.flushed(life, clock());
    },
    foreign: () => stats.foreignMessages++,
  };
}
