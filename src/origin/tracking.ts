/**
 * How Redis tells of changes of what was read, and how it is proven that it still does. There are two
 * ways, see `inline.ts` and `redirect.ts`.
 *
 * @module
 */
import type { Follower, Side, TrackingMode } from "./follower.ts";
import type { Handshake } from "./handshake.ts";
import { Declined } from "./refusal.ts";
import { watchRole } from "./server.ts";
import { fieldOf, type Reply } from "./wire/reply.ts";

/** What Redis is asked to tell. */
export interface TrackingOptions {
  /** `default` tells of the keys that were read, `bcast` of all keys with the prefixes. */
  readonly tracking: "default" | "bcast";
  readonly prefixes: readonly string[];
}

/** Redis tells of changes. */
export interface Tracking {
  readonly mode: TrackingMode;
  readonly probes: readonly Probe[];
  /**
   * Hands all changes on, from now on.
   *
   * @param lost Called when no more can come, if not with the connection that reads.
   */
  listen(follower: Follower, lost: (error: Error) => void): void;
  /** Ends what is not the connection that reads. */
  close(): void;
}

/** A connection that must live, and the question whose answer proves that it does. */
export interface Probe {
  readonly name: string;
  /** What the answer proves: that reads are tracked, that invalidations come, or both. */
  readonly sides: readonly Side[];
  /** Rejects when the connection is lost, or when what it should do is not done any more. */
  ask(): Promise<unknown>;
  /** Bytes received so far. */
  received(): number;
}

/** What TRACKINGINFO says of a connection that is told itself. */
export const ITSELF = "0";

/**
 * Finds out how to ask a connection whether its reads are still tracked, by the server that they were
 * tracked by.
 *
 * @param target The id of the connection that is told of changes, or `ITSELF`.
 * @throws {Declined} When Redis does not say so, and it has to: it says OK to any target.
 * @throws {Error} When the reads are not tracked.
 */
export async function trackingProbe(
  handshake: Handshake,
  target: string,
): Promise<() => Promise<unknown>> {
  const { redis } = handshake;
  try {
    await verifyTracked(handshake, target);
  } catch (error) {
    // Redis 6.0 has no such question.
    if (error instanceof Declined && target === ITSELF) return await livingProbe(handshake);
    throw error;
  }
  const askRole = await watchRole(handshake);
  const askTracking = async () => verify(await redis.call("CLIENT", "TRACKINGINFO"), target);
  return askRole === null ? askTracking : () => Promise.all([askTracking(), askRole()]);
}

/** The same of a connection whose reads need no tracking. */
export async function livingProbe(handshake: Handshake): Promise<() => Promise<unknown>> {
  return await watchRole(handshake) ?? (() => handshake.redis.call("PING"));
}

/**
 * Sees to it that the reads of a connection are tracked.
 *
 * @throws {Declined} When Redis does not say so.
 * @throws {Error} When they are not.
 */
export async function verifyTracked(handshake: Handshake, target: string): Promise<void> {
  verify(await handshake.may("CLIENT", "TRACKINGINFO"), target);
}

function verify(trackingInfo: unknown, target: string): void {
  const info = trackingInfo as Reply;
  // In RESP2, Redis tracks without a redirection too, but sends nothing.
  if (target === ITSELF && !(info instanceof Map)) {
    throw new Error("the connection speaks RESP2: wanted RESP3");
  }
  const flags = fieldOf(info, "flags");
  const found = String(fieldOf(info, "redirect"));
  if (!Array.isArray(flags)) throw new Error("Redis does not say whether it tracks reads");
  if (!flags.includes("on") || flags.includes("broken_redirect") || found !== target) {
    throw new Error(`tracking is ${flags.join(", ")}, redirected to ${found}`);
  }
}
