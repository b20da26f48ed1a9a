/**
 * How Redis announces changes of read keys, and how to prove that it still does. There are two ways:
 * `inline.ts` and `redirect.ts`.
 *
 * @module
 */
import type { Follower, Side, TrackingMode } from "./follower.ts";
import type { Handshake } from "./handshake.ts";
import { Declined } from "./refusal.ts";
import { watchRole } from "./server.ts";
import { fieldOf, type Reply } from "./wire/reply.ts";

/** The wanted announcements. */
export interface TrackingOptions {
  /** `default` announces changes of read keys, `bcast` those of all keys with the prefixes. */
  readonly tracking: "default" | "bcast";
  readonly prefixes: readonly string[];
}

/** Tracking that is on. */
export interface Tracking {
  readonly mode: TrackingMode;
  readonly probes: readonly Probe[];
  /**
   * Passes all changes to the follower from now on.
   *
   * @param lost Called when no more changes can come, if a second connection was lost.
   */
  listen(follower: Follower, lost: (error: Error) => void): void;
  /** Ends everything except the connection for reads. */
  close(): void;
}

/** A connection that must live, and the probe that proves it. */
export interface Probe {
  readonly name: string;
  /** What the answer proves: tracked reads, arriving invalidations, or both. */
  readonly sides: readonly Side[];
  /** Sends the probe. Rejects if the connection is lost, or no longer does its work. */
  ask(): Promise<unknown>;
  /** Bytes received so far. */
  received(): number;
}

/** A connection without a redirection speaks RESP2: Redis tracks its reads, but sends nothing. */
export class DeafConnection extends Error {
  constructor() {
    super("the connection speaks RESP2: wanted RESP3");
  }
}

/** The target of tracking in TRACKINGINFO if a connection gets the invalidations itself. */
export const ITSELF = "0";

/**
 * Returns a probe that proves that the same server still tracks the reads of a connection.
 *
 * @param target The id of the connection that gets the invalidations, or `ITSELF`.
 * @throws {Declined} If Redis cannot confirm the target. It must, because it accepts any target.
 * @throws {DeafConnection} If the connection cannot get invalidations itself.
 * @throws {Error} If the reads are not tracked.
 */
export async function trackingProbe(
  handshake: Handshake,
  target: string,
): Promise<() => Promise<unknown>> {
  const { redis } = handshake;
  try {
    await verifyTracked(handshake, target);
  } catch (error) {
    if (!(error instanceof Declined) || target !== ITSELF || error.isClosing) throw error;
    // Redis 6.0 has no TRACKINGINFO.
    return await redirectionProbe(handshake);
  }
  const askRole = await watchRole(handshake);
  const askTracking = async () => verify(await redis.call("CLIENT", "TRACKINGINFO"), target);
  return askRole === null ? askTracking : () => Promise.all([askTracking(), askRole()]);
}

/** The same for a connection that gets the invalidations itself, without TRACKINGINFO. */
async function redirectionProbe(handshake: Handshake): Promise<() => Promise<unknown>> {
  const living = await livingProbe(handshake);
  const verifyTarget = (target: unknown) => {
    if (String(target) !== ITSELF) throw new Error(`tracking is off, redirected to ${target}`);
  };
  try {
    verifyTarget(await handshake.may("CLIENT", "GETREDIR"));
  } catch (error) {
    if (error instanceof Declined && !error.isClosing) return living;
    throw error;
  }
  const ask = async () => verifyTarget(await handshake.redis.call("CLIENT", "GETREDIR"));
  return () => Promise.all([ask(), living()]);
}

/** The same for a connection whose reads need no tracking. */
export async function livingProbe(handshake: Handshake): Promise<() => Promise<unknown>> {
  return await watchRole(handshake) ?? (() => handshake.redis.call("PING"));
}

/**
 * Checks that the reads of a connection are tracked.
 *
 * @throws {Declined} If Redis does not say so.
 * @throws {Error} If they are not tracked.
 */
export async function verifyTracked(handshake: Handshake, target: string): Promise<void> {
  verify(await handshake.may("CLIENT", "TRACKINGINFO"), target);
}

function verify(trackingInfo: unknown, target: string): void {
  const info = trackingInfo as Reply;
  if (target === ITSELF && !(info instanceof Map)) throw new DeafConnection();
  const flags = fieldOf(info, "flags");
  const found = String(fieldOf(info, "redirect"));
  if (!Array.isArray(flags)) throw new Error("Redis does not say whether it tracks reads");
  if (!flags.includes("on") || flags.includes("broken_redirect") || found !== target) {
    throw new Error(`tracking is ${flags.join(", ")}, redirected to ${found}`);
  }
}
