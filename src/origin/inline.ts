/**
 * Tracking on the connection that reads (CLIENT TRACKING in RESP3). Replies and invalidations come in
 * one order, so no change overtakes a reply, and only one connection has to live.
 *
 * Source: https://redis.io/docs/latest/develop/reference/client-side-caching/
 *
 * @module
 */
import type { Follower } from "./follower.ts";
import type { Handshake } from "./handshake.ts";
import type { Opened } from "./open.ts";
import { Declined } from "./refusal.ts";
import {
  DeafConnection,
  ITSELF,
  type Tracking,
  type TrackingOptions,
  trackingProbe,
} from "./tracking.ts";
import { fieldOf, parseReply, type Reply } from "./wire/reply.ts";

/**
 * Turns tracking on.
 *
 * @throws {Declined} If the server has no RESP3, or refuses to track.
 * @throws {Error} If a step fails.
 */
export async function trackInline(
  { connection, handshake }: Opened,
  { tracking, prefixes }: TrackingOptions,
): Promise<Tracking> {
  const hello = await handshake.may("HELLO", "3") as Reply;
  if (fieldOf(hello, "proto") !== 3) throw new Declined("HELLO 3", "there is no RESP3");
  const args = prefixes.flatMap((prefix) => ["PREFIX", prefix]);
  const broadcast = tracking === "bcast" ? ["BCAST", ...args] : [];
  await handshake.may("CLIENT", "TRACKING", "ON", ...broadcast);
  const ask = await probeOf(handshake);
  return {
    mode: "inline",
    probes: [{
      name: "connection",
      sides: ["data", "invalidation"],
      ask,
      received: () => connection.received,
    }],
    listen: (follower) =>
      connection.onPush = (bytes, from) => hear(parseReply(bytes, from), follower),
    close() {},
  };
}

async function probeOf(handshake: Handshake): Promise<() => Promise<unknown>> {
  try {
    return await trackingProbe(handshake, ITSELF);
  } catch (error) {
    if (!(error instanceof DeafConnection)) throw error;
    await handshake.may("CLIENT", "TRACKING", "OFF");
    throw new Declined("HELLO 3", error.message);
  }
}

/** Passes the keys of a push to the follower; null stands for all keys. */
function hear(push: unknown, follower: Follower): void {
  const [kind, keys] = push as [unknown, unknown];
  if (kind !== "invalidate") return;
  if (keys === null) follower.flush();
  else for (const key of keys as string[]) follower.invalidate(key);
}
