/**
 * INFO: statistics of the proxy in the format of Redis, for clients and monitoring tools of Redis.
 * They include the version of Redis itself, because clients depend on it, and sections on the
 * cache. While Redis is away, INFO leaves out what only Redis can know.
 *
 * @module
 */
import type { Facts, ReplicaFacts } from "../core/facts.ts";
import type { Stats } from "../core/stats.ts";

type Field = readonly [name: string, value: string | number];

type Section = (facts: Facts, isAlone: boolean) => readonly Field[];

const SECTIONS: Readonly<Record<string, Section>> = {
  Server: (facts, isAlone) => [
    ...(facts.redisVersion === null ? [] : [["redis_version", facts.redisVersion] as const]),
    ...(isAlone ? [] : [["redis_mode", facts.isEmulating ? "cluster" : "standalone"] as const]),
    ["redis_proxy_version", facts.proxyVersion],
    ["process_id", facts.processId],
    ["tcp_port", facts.port],
    ["uptime_in_seconds", Math.floor(facts.uptime)],
    ["uptime_in_days", Math.floor(facts.uptime / 86_400)],
  ],
  Clients: (facts) => [
    ["connected_clients", facts.clients],
    ["maxclients", facts.maxClients],
    ["blocked_clients", 0],
    ["tracking_clients", 0],
  ],
  Memory: (facts) => [
    ["used_memory", facts.usedBytes],
    ["used_memory_rss", facts.residentBytes],
    ["maxmemory", facts.cacheBytesMax],
    ["maxmemory_policy", "allkeys-lru"],
  ],
  Persistence: () => [["loading", 0]],
  Stats: (facts) => [
    ["total_connections_received", facts.clientsTotal],
    ["total_commands_processed", facts.requests],
    ["rejected_connections", facts.clientsRefused],
    ["keyspace_hits", facts.hits],
    ["keyspace_misses", facts.misses],
  ],
  Replication: () => [["role", "master"], ["connected_slaves", 0]],
  Cluster: (facts) => [["cluster_enabled", facts.isEmulating ? 1 : 0]],
  Proxy: (facts) => [
    ["proxy_version", facts.proxyVersion],
    ["proxy_process_id", facts.processId],
    ["proxy_uptime_in_seconds", Math.floor(facts.uptime)],
    ["proxy_clients", facts.clients],
    ["proxy_clients_max", facts.maxClients],
    ["proxy_clients_total", facts.clientsTotal],
    ["proxy_clients_refused", facts.clientsRefused],
    ["cut_off_clients", facts.clientsCutOff],
    ["proxy_requests", facts.requests],
    ["proxy_commands_passed", facts.stats.commandsPassed],
    ["proxy_commands_refused", facts.stats.commandsRefused],
    ["proxy_upstreams", facts.stats.upstreams],
    ["proxy_upstreams_total", facts.stats.upstreamsTotal],
    ["proxy_used_memory_rss", facts.residentBytes],
  ],
  Cache: (facts) => [
    ["cache_databases", facts.databases.join(",")],
    ["cache_entries", facts.cacheEntries],
    ["cache_entries_max", facts.cacheEntriesMax],
    ["cache_bytes", facts.cacheBytes],
    ["cache_bytes_max", facts.cacheBytesMax],
    ["cache_timeout_seconds", facts.cacheTimeout],
    ["cache_hits", facts.hits],
    ["cache_misses", facts.misses],
    ["origin_up", facts.isOriginUp ? 1 : 0],
    ["origin_state", facts.originState],
    ["origin_problem", facts.originProblem],
    ["origin_reads", facts.originReads],
    ["origin_failures", facts.originFailures],
    ["origin_broken", facts.stats.originBroken],
    ["origin_flights", facts.originFlights],
    ["origin_permits", facts.originPermits],
    ["origin_permits_max", facts.originPermitsMax],
    ["origin_waiting", facts.originWaiting],
    ["origin_large_bytes", facts.originLargeBytes],
    ["origin_refusals", facts.stats.originRefusals],
    ["origin_backed_off", facts.stats.backedOff],
    ["origin_connections", facts.stats.connections],
    ["origin_connections_lost", facts.stats.connectionsLost],
    ["cache_collapsed", facts.stats.collapsed],
    ["cache_refreshes", facts.stats.refreshes],
    ["cache_stale_answers", facts.stats.staleAnswers],
    ...sentinelFields(facts),
    ...replicaFields(facts),
    ...nodeFields(facts),
  ],
  Coherence: (facts) => [
    ["coherence", facts.coherence],
    ["coherence_tracking", facts.coherenceTracking],
    ["coherence_epoch", facts.coherenceEpoch],
    ["coherence_proven_age_ms", facts.coherenceProvenAge],
    ["coherence_invalidations", facts.stats.invalidations],
    ["coherence_flushes", facts.stats.flushes],
    ["coherence_detached_reads", facts.stats.detached],
    ["coherence_foreign_messages", facts.stats.foreignMessages],
  ],
};

/** As `slave0` in Redis: one line for each node. */
function nodeFields({ nodes, stats }: Facts): readonly Field[] {
  if (nodes === null) return [];
  const confirmed = nodes.filter(({ isConfirmed }) => isConfirmed);
  const resting = nodes.filter(({ isResting }) => isResting);
  const isReplicaRead = nodes.some(({ replica }) => replica !== null);
  return [
    ...(isReplicaRead ? roleReads(stats) : []),
    ["cluster_nodes", nodes.length],
    ["cluster_nodes_confirmed", confirmed.length],
    ["cluster_nodes_resting", resting.length],
    ...nodes.map(({ name, state, slots, reads, replica }, index): Field => [
      `cluster_node_${index}`,
      `name=${name},state=${state},slots=${slots},reads=${reads}${replicaOf(replica)}`,
    ]),
  ];
}

/** What a node's line says of its replica. */
function replicaOf(replica: ReplicaFacts | null): string {
  if (replica === null) return "";
  const { place, redis, provenAge, lag } = replica;
  return `,read_from_now=${place},replica=${redis},replica_proven_age_ms=${provenAge}` +
    `,replica_lag_bytes=${lag}`;
}

function roleReads({ replicaReads, masterReads }: Stats): readonly Field[] {
  return [["replica_reads", replicaReads], ["master_reads", masterReads]];
}

function sentinelFields({ sentinels }: Facts): readonly Field[] {
  if (sentinels === null) return [];
  return [
    ["sentinel_name", sentinels.name],
    ["sentinel_master", sentinels.master],
    ["sentinel_count", sentinels.count],
    ["sentinel_agreeing", sentinels.agreeing],
    ["sentinel_confirmed_age_ms", sentinels.confirmedAge],
    ["sentinel_moves", sentinels.moves],
  ];
}

function replicaFields({ replica, stats }: Facts): readonly Field[] {
  if (replica === null) return [];
  return [
    ["read_from", replica.readFrom],
    ["read_from_now", replica.place],
    ["replica", replica.redis],
    ["replica_proven_age_ms", replica.provenAge],
    ["replica_lag_bytes", replica.lag],
    ...roleReads(stats),
  ];
}

const ALL = ["all", "default", "everything"];

/** Sections that only Redis can fill. */
const OF_REDIS = ["Persistence", "Replication", "Cluster"];

/**
 * The sections with these names; all sections without names. Unknown names are ignored.
 *
 * @param isAlone Whether Redis has not answered, so that INFO must not speak for it.
 */
export function infoText(
  facts: Facts,
  names: readonly string[],
  isAlone = !facts.isOriginUp,
): string {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const isAll = wanted.size === 0 || ALL.some((name) => wanted.has(name));
  return Object.entries(SECTIONS)
    .filter(([title]) => !isAlone || !OF_REDIS.includes(title))
    .filter(([title]) => isAll || wanted.has(title.toLowerCase()))
    .map(([title, fields]) => section(title, fields(facts, isAlone)))
    .join("\r\n");
}

/** The sections that follow Redis's own. */
const OWN = ["Proxy", "Cache", "Coherence"];

/** Of the sections that follow Redis's own, those with these names; all of them without names. */
export function ownInfoText(facts: Facts, names: readonly string[]): string {
  const wanted = names.map((name) => name.toLowerCase());
  const isAll = wanted.length === 0 || ALL.some((name) => wanted.includes(name));
  const titles = isAll ? OWN : OWN.filter((title) => wanted.includes(title.toLowerCase()));
  return titles.length === 0 ? "" : infoText(facts, titles);
}

function section(title: string, fields: readonly Field[]): string {
  return `# ${title}\r\n${fields.map(([name, value]) => `${name}:${value}\r\n`).join("")}`;
}
