/**
 * The race that every coherent cache must win: during a read the key is changed, and the
 * invalidation arrives before the old answer. A relay forces it: it holds the answers back until all
 * the rest has happened.
 *
 * @module
 */
import { ByteBudget } from "../../src/origin/byte_budget.ts";
import { Channel } from "../../src/cache/channel.ts";
import { linkFollower } from "../../src/cache/link_follower.ts";
import { CacheKey } from "../../src/cache/key.ts";
import { Policies } from "../../src/cache/policy.ts";
import { Table } from "../../src/cache/table.ts";
import { NO_TERMS } from "../../src/core/types.ts";
import { Log } from "../../src/core/log.ts";
import { Link } from "../../src/origin/link.ts";
import { fixed } from "../../src/origin/location.ts";
import { RedisOrigin } from "../../src/origin/mod.ts";
import { ReadThrough } from "../../src/cache/read_through.ts";
import { Semaphore } from "../../src/origin/semaphore.ts";
import { Stats } from "../../src/core/stats.ts";
import { type RedisServer, startRedisServer } from "../../tools/redis_server.ts";
import { POLICY } from "../support/coherence_world.ts";
import { Relay } from "../support/relay.ts";
import { callsOf, until } from "../support/serving.ts";
import type { Way } from "../support/ways.ts";
import { RespClient } from "./clients.ts";

const KEYS = 50;
const LEASE = 60_000;

export interface RaceResult {
  readonly trials: number;
  /** Keys that stayed cached with an outdated value. */
  readonly stale: number;
  /** Reads whose key was changed meanwhile. */
  readonly detached: number;
}

/**
 * Runs trials, several keys at a time.
 *
 * @param way How Redis tells of changes, and which server it is.
 * @param table The table to test; a mutant of it should fail.
 */
export async function race(
  trials: number,
  { mode, program }: Way,
  table: typeof Table = Table,
): Promise<RaceResult> {
  await using redis = await startRedisServer({ program });
  using relay = new Relay(() => redis.port);
  const stats = new Stats();
  const channel = new Channel({ mode: "auto", lease: LEASE });
  const tested = new table(channel, new Policies(POLICY), stats, { entries: 1000, bytes: 1e8 });
  const log = new Log("error", "text");
  const link = new Link(
    fixed({
      socket: null,
      host: "127.0.0.1",
      port: relay.port,
      tls: null,
      username: null,
      password: null,
      database: 0,
    }),
    {
      mode: "required",
      tracking: "default",
      trackingMode: mode,
      prefixes: [],
      timeout: 5000,
      lease: LEASE,
    },
    linkFollower(tested, stats),
    log,
  );
  const permits = new Semaphore({ permits: KEYS * 2, waiters: KEYS, patience: 1000 });
  const origin = new RedisOrigin(link, permits, new ByteBudget(1e6, 10_000), stats, log);
  const cache = new ReadThrough(origin, tested, stats);
  const writer = new RespClient(redis.port);
  let stale = 0;
  try {
    link.open();
    await link.up();
    const rig = { cache, writer, relay, redis, stats, isOvertaken: mode === "redirect" };
    for (let round = 0; round < trials / KEYS; round++) stale += await runRound(round, rig);
    return { trials, stale, detached: stats.detached };
  } finally {
    writer.close();
    origin.close();
    permits.close();
  }
}

interface RaceRig {
  readonly cache: ReadThrough;
  readonly writer: RespClient;
  readonly relay: Relay;
  readonly redis: RedisServer;
  readonly stats: Stats;
  /** Whether invalidations overtake the answers that are held back. */
  readonly isOvertaken: boolean;
}

/**
 * Writes, reads, writes and reads all keys at once; returns how many outdated values stay cached.
 */
async function runRound(round: number, rig: RaceRig): Promise<number> {
  const { cache, writer, relay, redis, stats, isOvertaken } = rig;
  const keys = Array.from({ length: KEYS }, (_, index) => `${index}`);
  const write = (version: string) =>
    writer.run("MSET", ...keys.flatMap((key) => [key, `${round}:${version}`]));
  const reads: unknown[] = [];
  /** Reads all keys; waits until Redis has executed so many of these reads. */
  const readAll = async (count: number) => {
    const before = await callsOf(redis.port, "getrange");
    for (const key of keys) reads.push(cache.get(key, performance.now(), NO_TERMS));
    await until(async () => await callsOf(redis.port, "getrange") >= before + count);
  };
  await write("first");
  await cache.origin.fence();
  relay.hold("data");
  await readAll(KEYS);
  const { invalidations } = stats;
  await write("second");
  if (isOvertaken) {
    await until(() => stats.invalidations >= invalidations + KEYS);
    // Whoever asks now must not wait for the old answers.
    await readAll(KEYS);
  } else {
    await readAll(0);
  }
  relay.release("data");
  await Promise.all(reads);
  await cache.origin.fence();
  return keys.filter((key) => {
    const { entry: kept } = cache.table.look(new CacheKey(key));
    return kept && cache.table.holds(kept, performance.now()) &&
      new TextDecoder().decode(kept.value) !== `${round}:second`;
  }).length;
}
