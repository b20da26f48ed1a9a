/**
 * The connections of one lifetime to Redis, made, and ready for reads: one that reads, and what it
 * takes to be told of changes. They are never repaired, only replaced together.
 *
 * Which way Redis can tell is found out for each connection, not by its version: over the connection
 * that reads, else over a second one, else not at all.
 *
 * @module
 */
import { BrokenProgram } from "../core/broken_program.ts";
import type { Millis } from "../core/types.ts";
import type { OriginAddress } from "./address.ts";
import { authenticate, prepareReads } from "./greeting.ts";
import type { TrackingMode } from "./follower.ts";
import { ClosedAt, type Closings } from "./handshake.ts";
import { trackInline } from "./inline.ts";
import { open, type Opened } from "./open.ts";
import { LargeReader } from "./large_reader.ts";
import type { LoopGuard } from "./loop_guard.ts";
import { chooseMethod, mayWatch, Reader } from "./reader.ts";
import { trackByRedirect } from "./redirect.ts";
import { Declined, Refused } from "./refusal.ts";
import { serverOf } from "./server.ts";
import type { Tracking, TrackingOptions } from "./tracking.ts";
import type { Connection } from "./wire/connection.ts";
import { within } from "./within.ts";

/** What is wanted of the connections. */
export interface UpstreamOptions extends TrackingOptions {
  /** `off` is not told of changes; `auto` does without where Redis refuses. */
  readonly mode: "auto" | "required" | "off";
  /** The only way to be told of changes; `auto` takes the first that there is. */
  readonly trackingMode: "auto" | TrackingMode;
  /** How long connecting may take, and then each step. */
  readonly timeout: Millis;
}

/** Connections that are ready for reads. */
export interface Upstream {
  /** The connection that reads. */
  readonly data: Connection;
  /** Reads keys over it, and single ones whatever their size. */
  readonly reader: Reader;
  readonly large: LargeReader;
  /** How Redis tells of changes; null where it does not. */
  readonly tracking: Tracking | null;
  /** When the questions were sent that all connections have answered last. */
  readonly provenAt: Millis;
  /** Why Redis does not tell of changes, if it was asked to. */
  readonly refusal: Declined | null;
  /** What else Redis refused that the proxy can do without. */
  readonly declined: readonly Declined[];
  /** Whether Redis wants the password that it was given; true where none was given. */
  readonly isPasswordWanted: boolean;
  /** The version of the server, if it tells. */
  readonly version: string | null;
  /** Which run of the server it is, if it tells. */
  readonly runId: string | null;
}

/** Redis can be reached, but tracking failed this time. */
export class BrokenTracking extends Error {}

/** What is known before a connection is made. */
export interface Acquaintance {
  readonly address: OriginAddress;
  readonly guard: LoopGuard;
  readonly closings: Closings;
}

/**
 * Connects.
 *
 * @throws {Refused} When Redis refuses what there is no doing without, or says "not now".
 * @throws {ClosedAt} When there may be more to learn of the server: to be tried again at once.
 * @throws {BrokenTracking} When tracking failed, though it is not refused.
 * @throws {BrokenProgram} When ioredis is needed and cannot be loaded.
 * @throws {Error} When Redis cannot be reached.
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
    if (!(told instanceof Declined)) tracking = told;
    const isTimed = options.mode !== "off";
    const method = await chooseMethod(handshake, guard.newKey());
    const isPieced = await mayWatch(handshake, guard.newKey());
    const server = await serverOf(handshake);
    const provenAt = performance.now();
    const probes = tracking?.probes ?? [];
    await within(Promise.all(probes.map((probe) => probe.ask())), options.timeout);
    return {
      data: connection,
      reader: new Reader(connection, method, isTimed),
      large: new LargeReader(connection, isTimed, isPieced),
      tracking,
      provenAt,
      refusal: told instanceof Declined ? told : null,
      declined: handshake.declined,
      isPasswordWanted,
      version: server?.version ?? null,
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

/** Has Redis tell of changes, the first way that it allows; else why it does not. */
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

/** What a step came to, or that Redis declined it. */
async function ifAllowed<T>(step: Promise<T>): Promise<T | Declined> {
  try {
    return await step;
  } catch (error) {
    if (error instanceof Declined) return error;
    throw error;
  }
}
