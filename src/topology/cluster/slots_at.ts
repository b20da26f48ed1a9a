/**
 * Asks one node for the cluster, over a connection of its own.
 *
 * @module
 */
import type { Millis } from "../../core/types.ts";
import type { OriginAddress } from "../../origin/address.ts";
import { authenticate } from "../../origin/greeting.ts";
import type { Handshake } from "../../origin/handshake.ts";
import { open } from "../../origin/open.ts";
import { Refused } from "../../origin/refusal.ts";
import { Closings } from "../../origin/wire/closings.ts";
import type { Reply } from "../../origin/wire/reply.ts";
import { readSlots, type SlotRange } from "./slots_reply.ts";

/**
 * Returns the slots and their masters, as a node sees them.
 *
 * @throws {Refused} When it refuses, or is no node of a cluster.
 * @throws {Error} When it cannot be reached.
 */
export async function slotsAt(address: OriginAddress, timeout: Millis): Promise<SlotRange[]> {
  return await asking(address, timeout, async (handshake) => {
    const ranges = readSlots(await handshake.must("CLUSTER", "SLOTS") as Reply, address.host);
    if (ranges.length === 0) throw new Refused("CLUSTER SLOTS", "CLUSTERDOWN no slot has a node");
    return ranges;
  });
}

/** Connects, logs in, and asks. */
export async function asking<T>(
  address: OriginAddress,
  timeout: Millis,
  ask: (handshake: Handshake) => Promise<T>,
): Promise<T> {
  const { connection, handshake } = await open(address, timeout, new Closings());
  try {
    await authenticate(handshake, address);
    return await ask(handshake);
  } finally {
    connection.close("asked");
  }
}
