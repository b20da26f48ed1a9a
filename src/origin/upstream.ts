/**
 * The connections to Redis, ready for reads: one for reads, and what tracking needs. They are never
 * repaired, only replaced together.
 *
 * Each connection tries the ways of tracking in order, whatever the version of Redis: on the
 * connection for reads, then on a second one, then none.
 *
 * @module
 */
import { BrokenProgram } from "../core/broken_program.ts";
import type { Millis } from "../core/types.ts";
import type { OriginAddress } from "./address.ts";
import { authenticate, prepareReads } from "./greeting.ts";
import type { TrackingMode } from "./follower.ts";
import { ClosedAt, type Handshake } from "./handshake.ts";
import type { Closings } from "./wire/closings.ts";
import { trackInline } from "./inline.ts";
import { open, type Opened } from "./open.ts";
import { LargeReader } from "./large_reader.ts";
import type { LoopGuard } from "./loop_guard.ts";
import { chooseMethod, mayWatch, Reader } from "./reader.ts";
import { trackByRedirect } from "./redirect.ts";
import { Declined, Refused } from "./refusal.ts";
import { serverOf } from "./server.ts";
import { SwapWatch } from "./swaps.ts";
import type { Tracking, TrackingOptions } from "./tracking.ts";
import type { Connection } from "./wire/connection.ts";
import { fieldOf, type Reply } from "./wire/reply.ts";
import { within } from "./within.ts";

/** The wanted connections. */
export interface UpstreamOptions extends TrackingOptions {
  /** `off` wants no announcements; `auto` does without them if Redis refuses. */
  readonly mode: "auto" | "required" | "off";
  /** The only way of tracking to try; `auto` takes the first that works. */
  readonly trackingMode: "auto" | TrackingMode;
  /** The longest time to connect, and then for each step. */
  readonly timeout: Millis;
  /** What is asked with each probe of the connection that reads: it rejects if that is to be left. */
  readonly watch?: (connection: Connection) => () => Promise<unknown>;
}

/** Connections that are ready for reads. */
export interface Upstream {
  /** Where the connections lead. */
  readonly address: OriginAddress;
  /** The connection for reads. */
  readonly data: Connection;
  /** Reads keys over it. */
  readonly reader: Reader;
  readonly large: LargeReader;
  /** How Redis announces changes; null if it does not. */
  readonly tracking: Tracking | null;
  /** Notices swaps of databases; null if the server does not count them. */
  readonly swaps: SwapWatch | null;
  /** When the last probes were sent that all connections answered. */
  readonly provenAt: Millis;
  /** Why Redis does not announce changes, although it should. */
  readonly refusal: Declined | null;
  /** Other optional steps that Redis refused. */
  readonly declined: readonly Declined[];
  /** Whether some of that may have been a network fault. */
  readonly isDoubtful: boolean;
  /** Whether Redis wants the given password; true if none was given. */
  readonly isPasswordWanted: boolean;
  /** The version of the server, if it says so. */
  readonly version: string | null;
  /** Whether the server is a node of a cluster, and the proxy does not treat it as one. */
  readonly isLoneNode: boolean;
  /** The id of this run of the server, if Redis tells it. */
  readonly runId: string | null;
}

/** Closes connections. */
export function disconnect({ data, tracking }: Upstream, why: string): void {
  tracking?.close();
  data.close(why);
}

/** Redis is reachable, but tracking failed this time. */
export class BrokenTracking extends Error {}

/** The facts known before a connection. */
export interface Acquaintance {
  readonly address: OriginAddress;
  readonly guard: LoopGuard;
  readonly closings: Closings;
}

/**
 * Connects.
 *
 * @throws {Refused} If Redis refuses a required step, or says "not now".
 * @throws {ClosedAt} If Redis closed the connection at a step: then try again at once.
 * @throws {BrokenTracking} If tracking failed, but Redis does not refuse it.
 * @throws {BrokenProgram} If ioredis is needed and cannot be loaded.
 * @throws {Error} If Redis cannot be reached.
 */
export async function openUpstream(
  options: UpstreamOptions,
  acquaintance: Acquaintance,
): Promise<Upstream> {
  const { address, closings, guard } = acquaintance;
  const data = await open(address, options.timeout, closings);
  const { connection, handshake } = data;
  let isReady = false;
  let tracking: Tracking | null = null;
  try {
    const isPasswordWanted = await authenticate(handshake, address);
    await prepareReads(handshake, address, guard);
    isReady = true;
    await ifAllowed(handshake.may("CLIENT", "SETNAME", "redis-proxy"));
    const told = options.mode === "off" ? null : await beTold(data, options, acquaintance);
    if (!(told instanceof Declined)) tracking = watched(told, connection, options);
    const isTimed = options.mode !== "off";
    const method = await chooseMethod(handshake, guard.newKey());
    const isPieced = await mayWatch(handshake, guard.newKey());
    const server = await serverOf(handshake);
    // A cluster has one database.
    const swaps = tracking === null || server === null || options.watch !== undefined
      ? null
      : await ifAllowed(SwapWatch.begin(handshake));
    const provenAt = performance.now();
    const probes = tracking?.probes ?? [];
    await within(Promise.all(probes.map((probe) => probe.ask())), options.timeout);
    return {
      address,
      data: connection,
      reader: new Reader(connection, method, isTimed),
      large: new LargeReader(connection, isTimed, isPieced),
      tracking,
      swaps: swaps instanceof Declined ? null : swaps,
      provenAt,
      refusal: told instanceof Declined ? told : null,
      declined: handshake.declined,
      isDoubtful: handshake.declined.some(({ isClosing }) => isClosing),
      isPasswordWanted,
      version: server?.version ?? null,
      isLoneNode: options.watch === undefined &&
        (server?.isNode ?? await saysCluster(handshake, tracking)),
      runId: server?.runId ?? null,
    };
  } catch (error) {
    tracking?.close();
    connection.close("given up");
    if (error instanceof BrokenProgram) throw error;
    if (error instanceof Refused || error instanceof ClosedAt) throw error;
    const { unasked } = connection;
    if (unasked !== null) throw new Refused("connecting", unasked);
    if (!isReady || options.mode === "off") throw error;
    throw new BrokenTracking((error as Error).message);
  }
}

/** Turns tracking on in the first way that Redis allows, or returns why none works. */
async function beTold(
  data: Opened,
  options: UpstreamOptions,
  { address, closings }: Acquaintance,
): Promise<Tracking | Declined> {
  const { trackingMode, timeout } = options;
  let refusal = new Declined("CLIENT TRACKING", "not asked");
  if (trackingMode !== "redirect") {
    const told = await ifAllowed(trackInline(data, options));
    if (!(told instanceof Declined)) return told;
    refusal = told;
  }
  if (trackingMode !== "inline") {
    const second = { address, timeout, closings };
    return await ifAllowed(trackByRedirect(data, options, second));
  }
  return refusal;
}

/** Whether HELLO calls the server a node of a cluster. It is asked where it has been answered before. */
async function saysCluster(handshake: Handshake, tracking: Tracking | null): Promise<boolean> {
  if (tracking?.mode !== "inline") return false;
  return fieldOf(await handshake.must("HELLO") as Reply, "mode") === "cluster";
}

/** Asks more with each probe of the connection that reads, if that is wanted. */
function watched(
  tracking: Tracking | null,
  connection: Connection,
  { watch }: UpstreamOptions,
): Tracking | null {
  if (tracking === null || watch === undefined) return tracking;
  const askMore = watch(connection);
  const probes = tracking.probes.map((probe) =>
    probe.sides.includes("data")
      ? { ...probe, ask: () => Promise.all([probe.ask(), askMore()]) }
      : probe
  );
  return { ...tracking, probes };
}

/** Returns the result of a step, or that Redis declined it. */
async function ifAllowed<T>(step: Promise<T>): Promise<T | Declined> {
  try {
    return await step;
  } catch (error) {
    if (error instanceof Declined) return error;
    throw error;
  }
}
