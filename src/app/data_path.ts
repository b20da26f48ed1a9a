/**
 * The path of a read: the cache, and behind it Redis.
 *
 * @module
 */
import { linkFollower } from "../cache/link_follower.ts";
import { ReadThrough } from "../cache/read_through.ts";
import { SoftWait } from "../cache/soft_wait.ts";
import type { Table } from "../cache/table.ts";
import type { Config } from "../config/mod.ts";
import type { Log } from "../core/log.ts";
import type { Stats } from "../core/stats.ts";
import { LookupInsight } from "../insight/lookups.ts";
import type { Millis } from "../core/types.ts";
import { ByteBudget, type Elsewhere } from "../origin/byte_budget.ts";
import { Link } from "../origin/link.ts";
import { RedisOrigin } from "../origin/mod.ts";
import { Semaphore } from "../origin/semaphore.ts";
import { linkOptions, makeTable } from "./defaults.ts";

/** How long a large value may wait for memory before it is read. */
const LARGE_PATIENCE: Millis = 10_000;

export interface DataPath {
  readonly table: Table;
  readonly origin: RedisOrigin;
  readonly cache: ReadThrough;
  readonly insight: LookupInsight;
}

/**
 * Builds the path. It connects to Redis once `origin.link` is opened.
 *
 * @param replies The memory of unread replies, which large values share.
 */
export function makeDataPath(
  { values, origin: address }: Config,
  stats: Stats,
  replies: Elsewhere,
  log: Log,
): DataPath {
  const table = makeTable(values, stats);
  const link = new Link(address, linkOptions(values), linkFollower(table, stats), log);
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
  return { table, origin, cache, insight };
}
