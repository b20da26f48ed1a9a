/**
 * The connections of the lanes whose end Redis may not have told.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";
import type { Connection } from "../origin/wire/connection.ts";
import type { Watched } from "./half_open.ts";
import type { PrivateLane } from "./private_lane.ts";
import type { SharedLane } from "./shared_lane.ts";

/** How long connections may be silent before Redis is asked about them, in time-outs. */
const SHARED_PATIENCE = 5;
const PRIVATE_PATIENCE = 30;

/**
 * Returns all connections.
 *
 * @param upstreamIds The ids at Redis of shared connections.
 */
export function watched(
  shared: readonly SharedLane[],
  own: Iterable<PrivateLane>,
  upstreamIds: WeakMap<Connection, number>,
  timeout: Millis,
): Watched[] {
  const all: Watched[] = [];
  for (const { connections, options: { place } } of shared) {
    for (const connection of connections) {
      const upstreamId = upstreamIds.get(connection) ?? null;
      const outstanding = connection.expected;
      const patience = SHARED_PATIENCE * timeout;
      all.push({ connection, outstanding, upstreamId, place, patience, isShared: true });
    }
  }
  for (const { connection, outstanding, upstreamId, place } of own) {
    const patience = PRIVATE_PATIENCE * timeout;
    all.push({ connection, outstanding, upstreamId, place, patience, isShared: false });
  }
  return all;
}
