/**
 * The path of a read: the cache, and behind it Redis.
 *
 * @module
 */
import type { ClusterFollower, Follower } from "../origin/follower.ts";
import { clusterFollower } from "../cache/cluster/cluster_follower.ts";
import { linkFollower } from "../cache/link_follower.ts";
import { ReadThrough } from "../cache/read_through.ts";
import { Room } from "../cache/store/room.ts";
import { SoftWait } from "../cache/soft_wait.ts";
import type { Table } from "../cache/table.ts";
import type { Config, Values } from "../config/mod.ts";
import { Credentials, DEFAULT_USER } from "../core/credentials.ts";
import type { Log } from "../core/log.ts";
import { slotOf } from "../core/slot.ts";
import type { Stats } from "../core/stats.ts";
import type { Key } from "../core/types.ts";
import { LookupInsight } from "../insight/lookups.ts";
import { ByteBudget, type Elsewhere } from "../origin/byte_budget.ts";
import { Link } from "../origin/link.ts";
import type { OriginAddress } from "../origin/address.ts";
import { fixed, type Location } from "../origin/location.ts";
import { RedisOrigin } from "../origin/mod.ts";
import { Semaphore } from "../origin/semaphore.ts";
import { ClusterOrigin } from "../topology/cluster/mod.ts";
import type { ReplicaReads } from "../topology/cluster/node_parts.ts";
import { Turns } from "../topology/cluster/turns.ts";
import { Replicas } from "../topology/replicas/mod.ts";
import type { SentinelLocation } from "../topology/sentinel/mod.ts";
import {
  type Backing,
  clusterBacking,
  LARGE_PATIENCE,
  replicaBacking,
  singleBacking,
} from "./backing.ts";
import { linkOptions, makeClusterTable, makeTable } from "./defaults.ts";
import { makeSentinels } from "./sentinels.ts";

/** How long a master is watched after a read at least, in leases. */
const WATCHED = 3;

/** Masters of a cluster whose replicas are tried at once. */
const TRIED = 10;

export interface DataPath {
  readonly table: Table;
  readonly cache: ReadThrough;
  readonly insight: LookupInsight;
  readonly backing: Backing;
  /** Where lanes lead, if not into a cluster. */
  readonly location: Location;
  /** The link to one Redis; null for a cluster. */
  readonly link: Link | null;
  readonly permits: Semaphore;
  readonly budget: ByteBudget;
  /** The room for entries. */
  readonly room: Room;
  /** The proxy's own credentials at Redis; null if it has none. */
  readonly credentials: Credentials | null;
  /** Knows where Redis is; null where that never changes. */
  readonly sentinels: SentinelLocation | null;
  /** The cluster; null without one. */
  readonly cluster: ClusterOrigin | null;
  /** Reads from replicas of one Redis; null without them. */
  readonly replicas: Replicas | null;
  /** Who must know what clients write, because replicas are read; null if only masters are. */
  readonly writes: WriteWatch | null;
}

/** Is told what clients write. */
export interface WriteWatch {
  /** A client has written a key. */
  wrote(key: Key): void;
  /** A client may have written any key. */
  wroteAll(): void;
}

/** The limits and credentials that the paths of all databases share. */
export type SharedParts = Pick<DataPath, "permits" | "budget" | "room" | "credentials">;

/**
 * Returns the parts that all paths share.
 *
 * @param replies The memory of unread replies, which large values share.
 */
export function sharedParts({ values, origin }: Config, replies: Elsewhere): SharedParts {
  const permits = new Semaphore({
    permits: values["client-limit"],
    waiters: values["client-queue"],
    patience: values["queue-timeout"],
  });
  const budget = new ByteBudget(values["large-memory"], LARGE_PATIENCE, replies);
  const room = new Room(values["cache-size"], values["cache-memory"]);
  return { permits, budget, room, credentials: credentialsOf(origin) };
}

/** Builds the path. It connects to Redis once `backing` is opened. */
export function makeDataPath(
  config: Config,
  shared: SharedParts,
  stats: Stats,
  log: Log,
): DataPath {
  const { values } = config;
  const way = config.cluster === null
    ? toRedis(config, shared, stats, log)
    : toCluster(config, shared, stats, log);
  const softWait = new SoftWait(values["soft-timeout"]);
  const { cluster } = way;
  const nodeOf = cluster === null
    ? undefined
    : (key: Key) => cluster.nodeOf(slotOf(key))?.name ?? null;
  const insight = new LookupInsight(values["cache-size"], () => stats, nodeOf);
  const cache = new ReadThrough(way.origin, way.table, stats, { softWait, watch: insight });
  return { ...shared, ...way, cache, insight };
}

function toRedis(config: Config, shared: SharedParts, stats: Stats, log: Log) {
  if (config.values["read-from"] !== "master") return toReplica(config, shared, stats, log);
  const { values } = config;
  const { permits, budget, room } = shared;
  const table = makeTable(values, stats, config.sentinel !== null, room);
  const sentinels = makeSentinels(config, log);
  const location = sentinels ?? fixed(config.origin);
  const link = new Link(location, linkOptions(values), followerOf(table, stats, sentinels), log);
  const origin = new RedisOrigin(link, permits, budget, stats, log);
  const backing = singleBacking(origin);
  const none = { cluster: null, replicas: null, writes: null };
  return { ...none, table, origin, link, location, sentinels, backing };
}

function toReplica(config: Config, shared: SharedParts, stats: Stats, log: Log) {
  const { values } = config;
  const table = makeTable(values, stats, true, shared.room);
  const sentinels = makeSentinels(config, log);
  const location = sentinels ?? fixed(config.origin);
  const replicas = new Replicas(
    {
      readFrom: values["read-from"] as "replica" | "nearest",
      master: location,
      origin: config.origin,
      timeout: values["redis-timeout"],
      isWitnessed: sentinels !== null,
    },
    followerOf(table, stats, sentinels),
    (provenAt) => table.channel.witnessed(provenAt),
    { ...shared, options: linkOptions(values), stats, log },
  );
  const { link, reads: origin } = replicas;
  const backing = replicaBacking(replicas);
  const writes = replicas;
  return { table, origin, link, location, sentinels, backing, cluster: null, replicas, writes };
}

function toCluster(config: Config, { permits, budget }: SharedParts, stats: Stats, log: Log) {
  const { values, origin: address } = config;
  const replicas = replicaReads(values, log);
  const { table, follower } = clusterCache(values, stats);
  const options = linkOptions(values);
  const timeout = values["redis-timeout"];
  const cluster = new ClusterOrigin(
    { ...config.cluster!, origin: address, timeout },
    follower,
    {
      options: { ...options, probeLimit: values.lease / 3 },
      ...{ permits, budget, stats, log },
      replicas,
      keptFor: () => Math.max(table.policies.longestTrackedLife, WATCHED * values.lease),
    },
  );
  const backing = clusterBacking(cluster);
  const location = { name: cluster.name, find: () => cluster.find() };
  const none = { link: null, sentinels: null, replicas: null };
  const writes = replicas === null ? null : cluster;
  return { ...none, table, origin: cluster, location, backing, cluster, writes };
}

/** How the replicas of a cluster are read; null if only masters are. */
function replicaReads(values: Values, log: Log): ReplicaReads | null {
  const { "read-from": readFrom, coherence } = values;
  if (readFrom === "master") return null;
  if (coherence !== "off") return { readFrom, turns: new Turns(TRIED) };
  log.warn("--read-from has no effect with a cluster and --coherence off: reads go to the masters");
  return null;
}

/** Without coherence, entries live for their time alone, wherever they come from. */
function clusterCache(values: Values, stats: Stats): { table: Table; follower: ClusterFollower } {
  if (values.coherence !== "off") {
    const table = makeClusterTable(values, stats);
    return { table, follower: clusterFollower(table, stats) };
  }
  const table = makeTable(values, stats);
  const more = {
    ...{
      witnessed() {},
      unwitnessed() {},
      viewed() {},
      rested() {},
      woke() {},
      caughtUp() {},
      leftReplica() {},
    },
  };
  const node = () => ({ ...linkFollower(table, stats), ...more });
  return { table, follower: { node, lost() {} } };
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
