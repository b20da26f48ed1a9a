/**
 * The proxy's figures as metrics, with names, types and descriptions.
 *
 * @module
 */
import type { Facts, ReplicaFacts } from "../core/facts.ts";
import { expose, type Metric, type Sample } from "./exposition.ts";
import { histograms, labelledCounts, type MachineFacts, processMetrics } from "./figures.ts";

type Figure = (facts: Facts) => number | readonly Sample[];
type Row = readonly [name: string, help: string, figure: Figure];

const STATES = ["off", "tracked", "untracked", "down"];
const TRACKING = ["inline", "redirect", "none"];
const ORIGIN_STATES = ["up", "away", "timeout", "unready", "refused"];

/** Counts since the start; each name gets `_total`. */
const COUNTERS: readonly Row[] = [
  ["clients_accepted", "Clients accepted", (facts) => facts.clientsTotal],
  [
    "clients_refused",
    "Clients refused, because too many were connected",
    (facts) => facts.clientsRefused,
  ],
  [
    "clients_cut_off",
    "Clients disconnected, because they did not read replies",
    (facts) => facts.clientsCutOff,
  ],
  ["received_bytes", "Bytes received from clients", ({ stats }) => stats.bytesIn],
  ["sent_bytes", "Bytes sent to clients", ({ stats }) => stats.bytesOut],
  ["requests", "Requests answered, over both protocols", (facts) => facts.requests],
  ["cache_hits", "Keys answered from the cache", (facts) => facts.hits],
  ["cache_misses", "Keys not answered from the cache", (facts) => facts.misses],
  [
    "cache_collapsed",
    "Misses that joined the read of another request",
    ({ stats }) => stats.collapsed,
  ],
  ["cache_refreshes", "Keys refreshed before they expired", ({ stats }) => stats.refreshes],
  ["cache_stale_answers", "Keys answered with stale values", ({ stats }) => stats.staleAnswers],
  ["origin_reads", "Keys read from Redis", (facts) => facts.originReads],
  ["origin_failures", "Keys whose read failed", (facts) => facts.originFailures],
  [
    "origin_broken",
    "Keys whose read ended the connection to Redis, or got a reply of a wrong type",
    ({ stats }) => stats.originBroken,
  ],
  [
    "origin_refusals",
    "Keys not read, because several reads in a row had failed",
    ({ stats }) => stats.originRefusals,
  ],
  [
    "origin_backed_off",
    "Keys not read again, because their last read had just failed",
    ({ stats }) => stats.backedOff,
  ],
  ["commands_passed", "Commands that passed to Redis", ({ stats }) => stats.commandsPassed],
  ["commands_refused", "Commands that were refused", ({ stats }) => stats.commandsRefused],
  [
    "upstreams_opened",
    "Connections to Redis opened for commands: private to one client, or shared",
    ({ stats }) => [
      { labels: { kind: "private" }, value: stats.upstreamsTotal },
      { labels: { kind: "shared" }, value: stats.sharedUpstreamsTotal },
    ],
  ],
  ["origin_connections", "Connections to Redis opened", ({ stats }) => stats.connections],
  ["origin_connections_lost", "Connections to Redis lost", ({ stats }) => stats.connectionsLost],
  ["coherence_invalidations", "Changed keys that Redis announced", (f) => f.stats.invalidations],
  ["coherence_flushes", "Flushes that Redis announced", ({ stats }) => stats.flushes],
  [
    "coherence_detached_reads",
    "Reads not cached, because the key changed meanwhile",
    (f) => f.stats.detached,
  ],
  [
    "coherence_foreign_messages",
    "Messages on the invalidation channel that are not invalidations",
    ({ stats }) => stats.foreignMessages,
  ],
];

/** Figures of a proxy in front of a cluster. */
const CLUSTER_GAUGES: readonly Row[] = [
  [
    "cluster_node_up",
    "Whether there is a connection to a node",
    ({ nodes }) => nodes!.map(({ name, state }) => sampleOf(name, Number(state === "up"))),
  ],
  [
    "cluster_node_slots",
    "Slots whose requests are sent to a node",
    ({ nodes }) => nodes!.map(({ name, slots }) => sampleOf(name, slots)),
  ],
  [
    "cluster_node_confirmed",
    "Whether another node has named a node as a master since it was connected",
    ({ nodes }) => nodes!.map(({ name, isConfirmed }) => sampleOf(name, Number(isConfirmed))),
  ],
  [
    "cluster_node_resting",
    "Whether a node is watched less, because nobody reads from it",
    ({ nodes }) => nodes!.map(({ name, isResting }) => sampleOf(name, Number(isResting))),
  ],
];

const NODE_READS: Row = [
  "cluster_node_reads",
  "Keys read from a node",
  ({ nodes }) => nodes!.map(({ name, reads }) => sampleOf(name, reads)),
];

const SENTINEL_MOVES: Row = [
  "sentinel_moves",
  "Times that the master has moved",
  ({ sentinels }) => sentinels!.moves,
];

/** Figures of a proxy with sentinels. */
const SENTINEL_GAUGES: readonly Row[] = [
  [
    "sentinel_master_info",
    "Always 1; the name and the place of the master",
    ({ sentinels }) => {
      const { name, master } = sentinels!;
      return [{ labels: { name, redis: master }, value: 1 }];
    },
  ],
  ["sentinels", "Sentinels that are asked", ({ sentinels }) => sentinels!.count],
  ["sentinels_agreeing", "Sentinels that name the master", (f) => f.sentinels!.agreeing],
  [
    "sentinel_confirmed_age_seconds",
    "Time since a majority of sentinels confirmed the master; +Inf without one",
    ({ sentinels }) => [{ value: ageOf(sentinels!.confirmedAge) }],
  ],
];

const ROLE_READS: Row = [
  "role_reads",
  "Keys read from a replica, and from the master",
  ({ stats }) => [
    { labels: { role: "replica" }, value: stats.replicaReads },
    { labels: { role: "master" }, value: stats.masterReads },
  ],
];

/** Figures of a proxy that may read replicas. */
const REPLICA_GAUGES: readonly Row[] = [
  [
    "read_from",
    "1 for where reads go now",
    ({ replica }) => oneOf(["replica", "master", "nowhere"], replica!.place, "role"),
  ],
  [
    "replica_proven_age_seconds",
    "Time since the replica had all changes of the master; +Inf without proof",
    ({ replica }) => [{ value: ageOf(replica!.provenAge) }],
  ],
  [
    "replica_lag_bytes",
    "How far the replica was behind the stream of the master",
    ({ replica }) => replica!.lag,
  ],
];

/** The same for each master of a cluster. */
const NODE_REPLICA_GAUGES: readonly Row[] = [
  [
    "cluster_node_read_from_replica",
    "Whether a replica of a node is read now",
    (facts) => ofReplicas(facts, ({ place }) => Number(place === "replica")),
  ],
  [
    "cluster_node_replica_proven_age_seconds",
    "Time since the replica of a node had all changes of the node; +Inf without proof",
    (facts) => ofReplicas(facts, ({ provenAge }) => ageOf(provenAge)),
  ],
  [
    "cluster_node_replica_lag_bytes",
    "How far the replica of a node was behind the stream of the node",
    (facts) => ofReplicas(facts, ({ lag }) => lag),
  ],
];

function ofReplicas({ nodes }: Facts, value: (replica: ReplicaFacts) => number): Sample[] {
  return nodes!.flatMap(({ name, replica }) =>
    replica === null ? [] : sampleOf(name, value(replica))
  );
}

/** Current values. */
const GAUGES: readonly Row[] = [
  [
    "upstreams",
    "Connections to Redis for commands: private to one client, or shared",
    ({ stats, sharedUpstreams }) => [
      { labels: { kind: "private" }, value: stats.upstreams },
      { labels: { kind: "shared" }, value: sharedUpstreams },
    ],
  ],
  ["upstreams_max", "Maximum number of private connections", (facts) => facts.upstreamsMax],
  [
    "build_info",
    "Always 1; the version of the proxy",
    (facts) => [{ labels: { version: facts.proxyVersion }, value: 1 }],
  ],
  ["clients", "Clients connected", (facts) => facts.clients],
  ["clients_max", "Maximum number of clients", (facts) => facts.maxClients],
  ["memory_used_bytes", "Memory in use", (facts) => facts.usedBytes],
  ["cache_entries", "Entries in the cache, fresh or not", (facts) => facts.cacheEntries],
  ["cache_entries_max", "Maximum number of entries", (facts) => facts.cacheEntriesMax],
  ["cache_bytes", "Memory of the entries", (facts) => facts.cacheBytes],
  ["cache_bytes_max", "Maximum memory of the entries", (facts) => facts.cacheBytesMax],
  ["origin_up", "Whether there is a connection to Redis", (facts) => Number(facts.isOriginUp)],
  [
    "origin_state",
    "1 for the current state of the connection to Redis; refused does not end by itself",
    ({ originState }) => oneOf(ORIGIN_STATES, originState),
  ],
  ["origin_flights", "Keys in flight", (facts) => facts.originFlights],
  ["origin_permits_held", "Reads in flight at Redis", (facts) => facts.originPermits],
  [
    "origin_permits_max",
    "Maximum number of reads in flight at Redis",
    (facts) => facts.originPermitsMax,
  ],
  ["origin_waiting", "Reads that wait for their turn", (facts) => facts.originWaiting],
  ["origin_large_bytes", "Bytes of large values being read", (facts) => facts.originLargeBytes],
  [
    "coherence_state",
    "1 for the current state of the invalidation channel",
    ({ coherence }) => oneOf(STATES, coherence),
  ],
  [
    "coherence_tracking",
    "1 for how Redis announces changes",
    ({ coherenceTracking }) => oneOf(TRACKING, coherenceTracking, "mode"),
  ],
  ["coherence_epoch", "Number of the current connections to Redis", (f) => f.coherenceEpoch],
  [
    "coherence_lease_age_seconds",
    "Time since all entries were last proven right; +Inf without proof; absent with coherence off",
    leaseAge,
  ],
];

/** A sample for each state: 1 for the current one, 0 for the others. */
function oneOf(states: readonly string[], present: string, label = "state"): readonly Sample[] {
  return states.map((state) => ({ labels: { [label]: state }, value: Number(state === present) }));
}

function leaseAge({ coherence, coherenceProvenAge: age }: Facts): readonly Sample[] {
  if (coherence === "off") return [];
  return [{ value: ageOf(age) }];
}

function sampleOf(node: string, value: number): Sample {
  return { labels: { node }, value };
}

/** Seconds; none is infinite. */
function ageOf(age: number): number {
  return age < 0 ? Infinity : age / 1000;
}

/** Returns the figures in Prometheus' text format. */
export function metricsText(facts: Facts, machine: MachineFacts): string {
  const limit = machine.memoryLimit ?? Infinity;
  return expose([
    ...COUNTERS.map((row) => metric("counter", row, facts)),
    ...labelledCounts(facts),
    ...GAUGES.map((row) => metric("gauge", row, facts)),
    metric("gauge", ["memory_limit_bytes", "Memory of the process at most", () => limit], facts),
    ...histograms(facts, machine),
    ...processMetrics(facts, machine),
    ...(facts.sentinels === null ? [] : [
      metric("counter", SENTINEL_MOVES, facts),
      ...SENTINEL_GAUGES.map((row) => metric("gauge", row, facts)),
    ]),
    ...(facts.replica === null ? [] : [
      metric("counter", ROLE_READS, facts),
      ...REPLICA_GAUGES.map((row) => metric("gauge", row, facts)),
    ]),
    ...(facts.nodes === null ? [] : [
      metric("counter", NODE_READS, facts),
      ...CLUSTER_GAUGES.map((row) => metric("gauge", row, facts)),
    ]),
    ...(facts.nodes?.some(({ replica }) => replica !== null) !== true ? [] : [
      metric("counter", ROLE_READS, facts),
      ...NODE_REPLICA_GAUGES.map((row) => metric("gauge", row, facts)),
    ]),
  ]);
}

function metric(type: Metric["type"], [name, help, figure]: Row, facts: Facts): Metric {
  const found = figure(facts);
  return {
    name: `redis_proxy_${name}${type === "counter" ? "_total" : ""}`,
    type,
    help,
    samples: typeof found === "number" ? [{ value: found }] : found,
  };
}
