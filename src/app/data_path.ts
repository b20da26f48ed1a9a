/**
 * The path of a read: the cache, and behind it Redis.
 *
 * @module
 */
import type { Follower } from "../origin/follower.ts";
import { linkFollower } from "../cache/link_follower.ts";
import { ReadThrough } from "../cache/read_through.ts";
import { SoftWait } from "../cache/soft_wait.ts";
import type { Table } from "../cache/table.ts";
import type { Config } from "../config/mod.ts";
import { Credentials, DEFAULT_USER } from "../core/credentials.ts";
import type { Log } from "../core/log.ts";
import type { Stats } from "../core/stats.ts";
import { LookupInsight } from "../insight/lookups.ts";
import type { Millis } from "../core/types.ts";
import { ByteBudget, type Elsewhere } from "../origin/byte_budget.ts";
import { Link } from "../origin/link.ts";
import type { OriginAddress } from "../origin/address.ts";
import { fixed } from "../origin/location.ts";
import { RedisOrigin } from "../origin/mod.ts";
import { Semaphore } from "../origin/semaphore.ts";
import type { SentinelLocation } from "../topology/sentinel/mod.ts";
import { linkOptions, makeTable } from "./defaults.ts";
import { makeSentinels } from "./sentinels.ts";

/** How long a large value may wait for memory before it is read. */
const LARGE_PATIENCE: Millis = 10_000;

export interface DataPath {
  readonly table: Table;
  readonly origin: RedisOrigin;
  readonly cache: ReadThrough;
  readonly insight: LookupInsight;
  /** The proxy's own credentials at Redis; null if it has none. */
  readonly credentials: Credentials | null;
  /** Knows where Redis is; null where that never changes. */
  readonly sentinels: SentinelLocation | null;
}

/**
 * Builds the path. It connects to Redis once `origin.link` is opened.
 *
 * @param replies The memory of unread replies, which large values share.
 */
export function makeDataPath(
  config: Config,
  stats: Stats,
  replies: Elsewhere,
  log: Log,
): DataPath {
  const { values } = config;
  const table = makeTable(values, stats, config.sentinel !== null);
  const sentinels = makeSentinels(config, log);
  const link = new Link(
    sentinels ?? fixed(config.origin),
    linkOptions(values),
    followerOf(table, stats, sentinels),
    log,
  );
  const permits = new Semaphore({
    permits: values["client-limit"],
    waiters: values["client-queue"],
    patience: values["queue-timeout"],
  });
  const budget = new ByteBudget(values["large-memory"], LARGE_PATIENCE, replies);
  const origin = new RedisOrigin(link, permits, budget, stats, log);
  const softWait = new SoftWait(values["soft-timeout"]);
  const insight = new LookupInsight(values["cache-size"], () => stats);
  const cache = new ReadThrough(origin, table, stats, { softWait, watch: insight });
  const credentials = credentialsOf(config.origin);
  return { table, origin, cache, insight, sentinels, credentials };
}

/** A new connection to a master has to be confirmed by its sentinels. */
function followerOf(
  table: Table,
  stats: Stats,
  sentinels: SentinelLocation | null,
): Follower {
  const follower = linkFollower(table, stats);
  if (sentinels === null) return follower;
  return {
    ...follower,
    up(...connection) {
      follower.up(...connection);
      sentinels.connected();
    },
  };
}

/** Returns the proxy's credentials at Redis. A client with the same has the same rights. */
function credentialsOf({ username, password }: OriginAddress): Credentials | null {
  return password === null ? null : new Credentials(username ?? DEFAULT_USER, password);
}
