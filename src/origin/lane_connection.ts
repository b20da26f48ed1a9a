/**
 * Makes the connection of a lane with ioredis, and proves that it leads to the server that the pair
 * is connected to: behind one name there may be several.
 *
 * @module
 */
import type { Redis } from "ioredis";
import { type Fetched, Found, type Key } from "../core/types.ts";
import { asked, connect, loadClient, makeClient, reasonOf } from "./client.ts";
import { authenticate, prepareReads } from "./greeting.ts";
import { Handshake } from "./handshake.ts";
import type { LaneConnection } from "./lane.ts";
import { LargeReader } from "./large_reader.ts";
import type { Link } from "./link.ts";
import type { Pair } from "./pair.ts";
import { Declined } from "./refusal.ts";
import type { Large } from "./replies.ts";
import { serverOf } from "./tracking.ts";

/** Attempts to reach the same server as the pair: a balancer may lead to any. */
const ATTEMPTS = 5;

/** Connects. Rejects when Redis cannot be reached, refuses, or stays silent. */
export async function openLane(link: Link, pair: Pair): Promise<LaneConnection> {
  const { address, options, guard } = link;
  const Client = await loadClient();
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const redis = makeClient(Client, address);
    try {
      await connect(redis, options.timeout);
      const handshake = new Handshake(asked(redis), options.timeout);
      await authenticate(handshake, address);
      await guard.watch(() => prepareReads(handshake, address, guard));
      const isSame = await isSameServer(handshake, pair, options.timeout);
      if (isSame !== false) return connectionOf(redis, options.mode !== "off", isSame === true);
      redis.disconnect();
    } catch (error) {
      redis.disconnect();
      throw reasonOf(error as Error, [redis]);
    }
  }
  throw new Error("The connection for large values reached another server");
}

/** Whether a connection leads to the pair's server; null where that cannot be found out. */
async function isSameServer(
  handshake: Handshake,
  { data, invalidation }: Pair,
  timeout: number,
): Promise<boolean | null> {
  // Without invalidations, an entry lives by its time alone, whichever server it comes from.
  if (invalidation === null) return true;
  const pair = new Handshake(asked(data), timeout);
  try {
    const name = `redis-proxy-large-${crypto.randomUUID()}`;
    await handshake.may("CLIENT", "SETNAME", name);
    const id = String(await handshake.may("CLIENT", "ID"));
    return String(await pair.may("CLIENT", "LIST", "ID", id)).includes(` name=${name} `);
  } catch (error) {
    if (!(error instanceof Declined)) throw error;
    // Without the right to list clients, the servers' own ids must do.
    const [here, there] = await Promise.all([serverOf(handshake), serverOf(pair)]);
    const isKnown = typeof here?.runId === "string" && typeof there?.runId === "string";
    return isKnown ? here.runId === there.runId : null;
  }
}

/** @param mayKeep Whether Redis tells of changes of what is read here. */
function connectionOf(redis: Redis, isTimed: boolean, mayKeep: boolean): LaneConnection {
  const reader = new LargeReader(redis, isTimed);
  return {
    get received() {
      return redis.stream.bytesRead;
    },
    async read(key: Key, large: Large): Promise<Fetched> {
      const fetched = await reader.read(key, large);
      if (mayKeep || !(fetched instanceof Found)) return fetched;
      return new Found(fetched.value, 0, fetched.part);
    },
    close: () => redis.disconnect(),
  };
}
