/**
 * Carries what happens on the link to the table, and counts it.
 *
 * @module
 */
import type { LinkListener } from "../origin/link.ts";
import type { Stats } from "../stats.ts";
import type { Table } from "./table.ts";

/** Returns a listener that keeps the table in step with Redis. */
export function follow(table: Table, stats: Stats): LinkListener {
  const { channel } = table;
  stats.coherence = channel.state;
  return {
    up(isTracked, provenAt) {
      table.up(isTracked, provenAt);
      stats.connections++;
      stats.coherence = channel.state;
    },
    down(now) {
      table.down(now);
      stats.connectionsLost++;
      stats.coherence = channel.state;
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
