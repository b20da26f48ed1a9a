/**
 * Makes the pair of connections to Redis: one for reads, and one over which Redis tells of changes
 * of what was read there (CLIENT TRACKING with REDIRECT). Step by step, each one verified before the
 * next: Redis says OK to a redirection that leads nowhere.
 *
 * @module
 */
import type { Redis } from "ioredis";
import type { Millis } from "../core/types.ts";
import { asked, connect, reasonOf } from "./client.ts";
import { chooseReader } from "./choose_reader.ts";
import { authenticate, type Identity, prepareReads } from "./greeting.ts";
import { ClosedAt, type Closings, Handshake } from "./handshake.ts";
import type { LoopGuard } from "./loop_guard.ts";
import type { Reader } from "./reader.ts";
import { Declined, Refused } from "./refusal.ts";
import { within } from "./within.ts";
import { type Server, serverOf, track, type TrackingOptions } from "./tracking.ts";

/** What is wanted of a pair. */
export interface PairOptions extends TrackingOptions {
  /** `off` makes no second connection; `auto` does without where Redis refuses. */
  readonly mode: "auto" | "required" | "off";
  /** How long connecting may take, and then each step. */
  readonly timeout: Millis;
}

/** Connections that are ready for reads. */
export interface Pair {
  readonly data: Redis;
  /** Null where Redis does not tell of changes. */
  readonly invalidation: Redis | null;
  readonly reader: Reader;
  /** Asks the data connection whether it lives and is still tracked. */
  readonly probeData: () => Promise<void>;
  /** When the questions were sent that both connections have answered last. */
  readonly provenAt: Millis;
  /** Why there is no invalidation connection, if one was wanted. */
  readonly refusal: Declined | null;
  /** What else Redis refused that the proxy can do without. */
  readonly declined: readonly Declined[];
  /** Whether Redis wants the password that it was given; true where none was given. */
  readonly isPasswordWanted: boolean;
  /** The version of the server, if it tells. */
  readonly version: string | null;
}

/** That Redis can be reached, but tracking failed this time. */
export class BrokenTracking extends Error {}

/** What is known before a connection is made. */
export interface Acquaintance {
  readonly identity: Identity;
  readonly guard: LoopGuard;
  readonly closings: Closings;
}

/**
 * Makes a pair.
 *
 * @param make Makes a client that is not connected.
 * @throws {Refused} When Redis refuses what there is no doing without, or says "not now".
 * @throws {ClosedAt} When there may be more to learn of the server: to be tried again at once.
 * @throws {BrokenTracking} When tracking failed, though it is not refused.
 * @throws {Error} When Redis cannot be reached.
 */
export async function makePair(
  make: () => Redis,
  options: PairOptions,
  acquaintance: Acquaintance,
): Promise<Pair> {
  const clients: Redis[] = [];
  const handshakes: Handshake[] = [];
  const open = async (): Promise<Opened> => {
    const client = make();
    clients.push(client);
    await connect(client, options.timeout);
    const handshake = new Handshake(asked(client), options.timeout, acquaintance.closings);
    handshakes.push(handshake);
    return { client, handshake };
  };
  let isReady = false;
  try {
    const data = await open();
    const isPasswordWanted = await authenticate(data.handshake, acquaintance.identity);
    await prepareReads(data.handshake, acquaintance.identity, acquaintance.guard);
    isReady = true;
    await without(data.handshake.may("CLIENT", "SETNAME", "redis-proxy"));
    const pair = options.mode === "off"
      ? await untracked(data, acquaintance.guard, null)
      : await trackedIfAllowed(data, open, options, acquaintance);
    return { ...pair, isPasswordWanted, declined: handshakes.flatMap((one) => one.declined) };
  } catch (error) {
    for (const client of clients) client.disconnect();
    if (error instanceof Refused || error instanceof ClosedAt) throw error;
    const reason = reasonOf(error as Error, clients);
    if (reason instanceof Refused || !isReady || options.mode === "off") throw reason;
    throw new BrokenTracking(reason.message);
  }
}

/** A client that is connected, and its handshake. */
interface Opened {
  readonly client: Redis;
  readonly handshake: Handshake;
}

type BarePair = Omit<Pair, "isPasswordWanted" | "declined">;

async function untracked(
  { client, handshake }: Opened,
  guard: LoopGuard,
  refusal: Declined | null,
): Promise<BarePair> {
  const reader = await chooseReader(client, handshake, refusal !== null, guard.newKey());
  const version = (await serverOf(handshake))?.version ?? null;
  const probeData = async () => void await client.ping();
  return { data: client, invalidation: null, reader, probeData, provenAt: 0, refusal, version };
}

/** The tracked pair, or the untracked one where Redis refuses. */
async function trackedIfAllowed(
  data: Opened,
  open: () => Promise<Opened>,
  options: PairOptions,
  { identity, guard }: Acquaintance,
): Promise<BarePair> {
  let invalidation: Opened | undefined;
  let server: Server | null;
  let probeData: () => Promise<void>;
  try {
    invalidation = await open();
    await authenticate(invalidation.handshake, identity);
    ({ server, probeData } = await track(data.handshake, invalidation.handshake, options));
  } catch (error) {
    if (!(error instanceof Declined)) throw error;
    invalidation?.client.disconnect();
    return await untracked(data, guard, error);
  }
  const reader = await chooseReader(data.client, data.handshake, true, guard.newKey());
  const provenAt = performance.now();
  await within(Promise.all([probeData(), invalidation.client.ping()]), options.timeout);
  return {
    ...{ data: data.client, invalidation: invalidation.client, reader, probeData, provenAt },
    ...{ refusal: null, version: server?.version ?? null },
  };
}

/** Goes on where Redis refuses. */
async function without(step: Promise<unknown>): Promise<void> {
  try {
    await step;
  } catch (error) {
    if (!(error instanceof Declined)) throw error;
  }
}
