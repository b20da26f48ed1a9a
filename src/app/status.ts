/**
 * Collects the figures of a running proxy, for INFO, metrics and others.
 *
 * @module
 */
import type { Backing } from "./backing.ts";
import type { DataPath } from "./data_path.ts";
import type { Config } from "../config/mod.ts";
import type { ReadThrough } from "../cache/read_through.ts";
import type { Facts, NodeFacts } from "../core/facts.ts";
import type { Lanes } from "../lanes/mod.ts";
import type { Stats } from "../core/stats.ts";
import type { ClusterOrigin } from "../topology/cluster/mod.ts";
import type { Way } from "./way.ts";

/** The objects that hold the figures. */
export interface Sources {
  readonly config: Config;
  readonly version: string;
  readonly stats: Stats;
  readonly data: DataPath;
  /** Null if only reads are served. */
  readonly lanes: Lanes | null;
  /** This way, and those to other databases. */
  readonly all: readonly Way[];
  readonly maxClients: number;
  /** The TCP port; 0 if there is none. */
  readonly port: number;
}

/** Reported before Redis was ever reached: the first version with HELLO. */
const OLDEST_REDIS = "6.0.0";

/** The version of Redis, by which clients choose their commands. */
export function redisVersionOf({ version }: Backing): string {
  return version ?? OLDEST_REDIS;
}

export function factsOf(sources: Sources): Facts {
  const { config: { values }, version, stats, data, lanes, all, maxClients, port } = sources;
  const total = (of: (way: Way) => number) => all.reduce((sum, way) => sum + of(way), 0);
  const { backing, cache, permits, budget } = data;
  const { rss, heapUsed, external } = Deno.memoryUsage();
  return {
    redisVersion: backing.version,
    proxyVersion: version,
    processId: Deno.pid,
    port,
    uptime: performance.now() / 1000,
    clients: stats.clients,
    maxClients,
    clientsTotal: stats.clientsTotal,
    clientsRefused: stats.clientsRefused,
    clientsCutOff: stats.clientsCutOff,
    idleTimeout: values["idle-timeout"] / 1000,
    requests: stats.requests,
    hits: stats.hits,
    misses: stats.misses,
    residentBytes: rss,
    usedBytes: heapUsed + external,
    databases: all.map(({ config: { origin } }) => origin.database),
    cacheEntries: total(({ data }) => data.cache.size),
    cacheEntriesMax: values["cache-size"],
    cacheBytes: total(({ data }) => data.cache.bytes),
    cacheBytesMax: values["cache-memory"],
    cacheTimeout: values["cache-timeout"] / 1000,
    isOriginUp: backing.isUp,
    originState: backing.state,
    originProblem: backing.problem,
    originReads: stats.originReads,
    originFailures: stats.originFailures,
    originFlights: total(({ data }) => data.cache.flights),
    originPermits: permits.held,
    originPermitsMax: permits.options.permits,
    originWaiting: permits.waiting,
    originLargeBytes: budget.held,
    sharedUpstreams: total(({ lanes }) => lanes?.sharedConnections ?? 0),
    upstreamsMax: lanes?.options.maxPrivate ?? 0,
    ...coherenceOf(cache),
    sentinels: data.sentinels?.facts ?? null,
    replica: data.replicas?.facts ?? null,
    isEmulating: values["cluster-mode"] === "emulate",
    nodes: data.cluster === null ? null : nodesOf(data.cluster),
    stats,
  };
}

function nodesOf(cluster: ClusterOrigin): NodeFacts[] {
  const { counts } = cluster;
  return cluster.nodes.map((node) => ({
    name: node.name,
    state: node.link.state,
    slots: counts.get(node) ?? 0,
    reads: node.reads,
    isConfirmed: node.isWitnessed,
    isResting: node.isResting,
    replica: node.replicas?.facts ?? null,
  }));
}

function coherenceOf({ table: { channel } }: ReadThrough) {
  const isProven = channel.state === "tracked" && Number.isFinite(channel.provenAt);
  return {
    coherence: channel.state,
    coherenceTracking: channel.tracking ?? "none",
    coherenceEpoch: channel.epoch,
    coherenceProvenAge: isProven ? Math.round(performance.now() - channel.provenAt) : -1,
  };
}
