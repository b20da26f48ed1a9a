/**
 * Finds the cluster behind a Redis that turned out to be one of its nodes.
 *
 * @module
 */
import type { Millis } from "../../core/types.ts";
import type { OriginAddress } from "../../origin/address.ts";
import { asking, slotsAt } from "./slots_at.ts";
import { nameOf, type Place } from "./slots_reply.ts";

/** The most masters that are tried, to see whether the named places can be reached. */
const TRIED = 3;

/**
 * Returns the masters of the cluster of a node.
 *
 * @throws {Refused} When the node does not tell its cluster.
 * @throws {Error} When the node cannot be reached, or no master can be reached where the cluster says.
 */
export async function findCluster(node: OriginAddress, timeout: Millis): Promise<Place[]> {
  const ranges = await slotsAt(node, timeout);
  const masters = new Map(ranges.map(({ place }) => [nameOf(place), place]));
  let why = "";
  for (const place of [...masters.values()].slice(0, TRIED)) {
    try {
      await asking({ ...node, ...place }, timeout, (master) => master.must("PING"));
      return [...masters.values()];
    } catch (error) {
      why = `${nameOf(place)}: ${(error as Error).message}`;
    }
  }
  throw new Error(`no master answers where the cluster says that it is (${why})`);
}
