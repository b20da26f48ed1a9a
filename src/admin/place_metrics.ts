/**
 * Metrics of the places that there are several of: masters of a cluster, sentinels and replicas.
 *
 * @module
 */
import type { Facts, ReplicaFacts } from "../core/facts.ts";
import type { Metric, Sample } from "./exposition.ts";
import { ageOf, metric, oneOf, type Row } from "./rows.ts";

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

function sampleOf(node: string, value: number): Sample {
  return { labels: { node }, value };
}

/** Returns the metrics of the places that this proxy has. */
export function placeMetrics(facts: Facts): Metric[] {
  const { sentinels, replica, nodes } = facts;
  const counter = (row: Row) => metric("counter", row, facts);
  const gauges = (rows: readonly Row[]) => rows.map((row) => metric("gauge", row, facts));
  const readsReplicas = nodes?.some((node) => node.replica !== null) === true;
  return [
    ...(sentinels === null ? [] : [counter(SENTINEL_MOVES), ...gauges(SENTINEL_GAUGES)]),
    ...(replica === null ? [] : [counter(ROLE_READS), ...gauges(REPLICA_GAUGES)]),
    ...(nodes === null ? [] : [counter(NODE_READS), ...gauges(CLUSTER_GAUGES)]),
    ...(readsReplicas ? [counter(ROLE_READS), ...gauges(NODE_REPLICA_GAUGES)] : []),
  ];
}
