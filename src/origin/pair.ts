/**
 * Makes the pair of connections to Redis: one for reads, and one over which Redis tells of changes
 * of what was read there (CLIENT TRACKING with REDIRECT). Step by step, each one verified before the
 * next: Redis says OK to a redirection that leads nowhere.
 *
 * @module
 */
import type { Redis } from "ioredis";
import { isNotNow } from "../core/redis_errors.ts";
import type { Millis } from "../core/types.ts";
import { isReply } from "./client.ts";
import { Reader } from "./reader.ts";

/** How Redis is to tell of changes. */
export interface PairOptions {
  /** `off` makes no second connection; `auto` does without where Redis refuses. */
  readonly mode: "auto" | "required" | "off";
  /** `default` tells of the keys that were read, `bcast` of all keys with the prefixes. */
  readonly tracking: "default" | "bcast";
  readonly prefixes: readonly string[];
  /** How long connecting may take, and then the steps. */
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
  readonly refusal: string | null;
}

/** The channel on which Redis tells of changes to a client that speaks RESP2. */
export const CHANNEL = "__redis__:invalidate";

/** What ioredis says of a connection that the other side closed. */
const CLOSED = "Connection is closed.";

/** What Redis will not do for us, as against what went wrong this time. */
class Refusal extends Error {}

/** That Redis can be reached, but tracking failed this time. */
export class BrokenTracking extends Error {
  /** @param isClosed Whether Redis closed the connection, as some do at a command they do not know. */
  constructor(message: string, readonly isClosed: boolean) {
    super(message);
  }
}

/**
 * Makes a pair.
 *
 * @param make Makes a client that is not connected, with the name that others see.
 * @throws {Error} When Redis cannot be reached, or tracking failed though it is not refused.
 */
export async function makePair(
  make: (name: string) => Redis,
  options: PairOptions,
): Promise<Pair> {
  const { mode, timeout } = options;
  const clients: Redis[] = [];
  let why = "";
  const open = async (name: string) => {
    const client = make(name);
    clients.push(client);
    client.on("error", (error: Error) => why = error.message);
    await client.connect();
    return client;
  };
  const quit = () => clients.forEach((client) => client.disconnect());
  const limited = async <T>(work: Promise<T>) => {
    const limit = setTimeout(() => {
      why ||= `no answer within ${timeout} ms`;
      quit();
    }, timeout);
    try {
      return await work;
    } finally {
      clearTimeout(limit);
    }
  };
  let isConnected = false;
  try {
    const data = await limited(open("redis-proxy"));
    isConnected = true;
    if (mode === "off") return untracked(data, await limited(Reader.choose(data, false)), null);
    return await limited(track(data, open, options));
  } catch (error) {
    quit();
    const message = why || (error as Error).message;
    throw isConnected ? new BrokenTracking(message, message === CLOSED) : new Error(message);
  }
}

function untracked(data: Redis, reader: Reader, refusal: string | null): Pair {
  return { data, invalidation: null, reader, probeData: ping(data), provenAt: 0, refusal };
}

/** Makes the tracked pair, or the untracked one where Redis refuses. */
async function track(
  data: Redis,
  open: (name: string) => Promise<Redis>,
  options: PairOptions,
): Promise<Pair> {
  let invalidation: Redis | undefined;
  try {
    invalidation = await open(`redis-proxy-${crypto.randomUUID()}`);
    const probeData = await steps(data, invalidation, options);
    const reader = await Reader.choose(data, true);
    const provenAt = performance.now();
    await Promise.all([probeData(), invalidation.ping()]);
    return { data, invalidation, reader, probeData, provenAt, refusal: null };
  } catch (error) {
    if (!(error instanceof Refusal) && !isReply(error)) throw error;
    if (isNotNow(error.message)) throw error;
    invalidation?.disconnect();
    await data.call("CLIENT", "TRACKING", "OFF").catch(() => {/* It never was on. */});
    return untracked(data, await Reader.choose(data, true), error.message);
  }
}

/** The steps; returns the probe of the data connection. */
async function steps(
  data: Redis,
  invalidation: Redis,
  { tracking, prefixes }: PairOptions,
): Promise<() => Promise<void>> {
  const name = invalidation.options.connectionName!;
  await invalidation.client("SETNAME", name);
  const id = String(await invalidation.client("ID"));
  const server = await runIdOf(invalidation);
  if (tracking === "bcast") {
    const args = prefixes.flatMap((prefix) => ["PREFIX", prefix]);
    await invalidation.call("CLIENT", "TRACKING", "ON", "REDIRECT", id, "BCAST", ...args);
    await verify(invalidation, id);
  }
  await invalidation.subscribe(CHANNEL);
  await meet(data, id, name, server);
  if (tracking === "bcast") return ping(data);
  await data.call("CLIENT", "TRACKING", "ON", "REDIRECT", id);
  await verify(data, id);
  return () => verify(data, id);
}

/** That the id is of this very connection: on another server it may be anybody's, or nobody's. */
async function meet(data: Redis, id: string, name: string, server: string | null): Promise<void> {
  let line: string;
  try {
    line = String(await data.call("CLIENT", "LIST", "ID", id));
  } catch (error) {
    if (!isReply(error)) throw error;
    // Without the right to list clients, the servers' own ids must do.
    if (server !== null && server === await runIdOf(data)) return;
    throw new Refusal(error.message);
  }
  const isSame = line.includes(` name=${name} `) && / flags=\w*P/.test(line);
  if (!isSame) throw new Error("the two connections reached different servers");
}

async function runIdOf(redis: Redis): Promise<string | null> {
  try {
    return /run_id:(\w+)/.exec(await redis.info("server"))?.[1] ?? null;
  } catch (error) {
    if (isReply(error)) return null;
    throw error;
  }
}

/** That the connection is tracked and redirected as it was asked to be. */
async function verify(redis: Redis, id: string): Promise<void> {
  const info = await redis.call("CLIENT", "TRACKINGINFO") as unknown[];
  const flags = info[info.indexOf("flags") + 1] as string[];
  const redirect = String(info[info.indexOf("redirect") + 1]);
  if (!flags.includes("on") || flags.includes("broken_redirect") || redirect !== id) {
    throw new Error(`tracking is ${flags.join(", ")}, redirected to ${redirect}`);
  }
}

function ping(redis: Redis): () => Promise<void> {
  return async () => void await redis.ping();
}
