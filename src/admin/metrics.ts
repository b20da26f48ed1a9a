/**
 * The proxy's figures as metrics, with names, types and descriptions.
 *
 * @module
 */
import type { Facts } from "../core/facts.ts";
import { expose, type Metric, type Sample } from "./exposition.ts";
import { histograms, labelledCounts, type MachineFacts, processMetrics } from "./figures.ts";

type Figure = (facts: Facts) => number | readonly Sample[];
type Row = readonly [name: string, help: string, figure: Figure];

const STATES = ["off", "tracked", "untracked", "down"];
const ORIGIN_STATES = ["up", "away", "timeout", "unready", "refused"];

/** Counts since the start; each name gets `_total`. */
const COUNTERS: readonly Row[] = [
  ["clients_accepted", "Clients accepted", (facts) => facts.clientsTotal],
  ["clients_refused", "Clients turned away: too many", (facts) => facts.clientsRefused],
  ["clients_cut_off", "Clients that did not take their replies", (facts) => facts.clientsCutOff],
  ["received_bytes", "Bytes received from clients", ({ stats }) => stats.bytesIn],
  ["sent_bytes", "Bytes sent to clients", ({ stats }) => stats.bytesOut],
  ["requests", "Requests answered, of either protocol", (facts) => facts.requests],
  ["cache_hits", "Keys answered from the cache", (facts) => facts.hits],
  ["cache_misses", "Keys not answered from the cache", (facts) => facts.misses],
  ["cache_collapsed", "Misses that joined another's read", ({ stats }) => stats.collapsed],
  ["cache_refreshes", "Keys read ahead of their time", ({ stats }) => stats.refreshes],
  ["cache_stale_answers", "Keys answered past their time", ({ stats }) => stats.staleAnswers],
  ["origin_reads", "Keys read from Redis", (facts) => facts.originReads],
  ["origin_failures", "Keys whose read failed", (facts) => facts.originFailures],
  [
    "origin_broken",
    "Keys whose read costs the connection to Redis, or is answered wrongly",
    ({ stats }) => stats.originBroken,
  ],
  [
    "origin_refusals",
    "Keys refused a read, since several in a row had failed",
    ({ stats }) => stats.originRefusals,
  ],
  [
    "origin_backed_off",
    "Keys not read again, since their last read had just failed",
    ({ stats }) => stats.backedOff,
  ],
  ["commands_passed", "Commands that passed to Redis", ({ stats }) => stats.commandsPassed],
  ["commands_refused", "Commands that were refused", ({ stats }) => stats.commandsRefused],
  ["upstreams_opened", "Clients' own connections to Redis", ({ stats }) => stats.upstreamsTotal],
  ["origin_connections", "Connections to Redis made", ({ stats }) => stats.connections],
  ["origin_connections_lost", "Connections to Redis lost", ({ stats }) => stats.connectionsLost],
  ["coherence_invalidations", "Keys that Redis said were changed", (f) => f.stats.invalidations],
  ["coherence_flushes", "Times that all keys were gone at once", ({ stats }) => stats.flushes],
  ["coherence_detached_reads", "Reads overtaken by a change, not kept", (f) => f.stats.detached],
  [
    "coherence_foreign_messages",
    "Messages on the channel of invalidations that are none",
    ({ stats }) => stats.foreignMessages,
  ],
];

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
  ["upstreams_max", "Private connections that may be open", (facts) => facts.upstreamsMax],
  [
    "build_info",
    "Always 1; the version of the proxy",
    (facts) => [{ labels: { version: facts.proxyVersion }, value: 1 }],
  ],
  ["clients", "Clients connected", (facts) => facts.clients],
  ["clients_max", "Clients that may be connected", (facts) => facts.maxClients],
  ["memory_used_bytes", "Memory in use", (facts) => facts.usedBytes],
  ["cache_entries", "Entries kept, fresh or not", (facts) => facts.cacheEntries],
  ["cache_entries_max", "Entries kept at most", (facts) => facts.cacheEntriesMax],
  ["cache_bytes", "Bytes that the entries cost", (facts) => facts.cacheBytes],
  ["cache_bytes_max", "Bytes kept at most", (facts) => facts.cacheBytesMax],
  ["origin_up", "Whether there is a connection to Redis", (facts) => Number(facts.isOriginUp)],
  [
    "origin_state",
    "1 for the state that the connection to Redis is in; refused does not pass by itself",
    ({ originState }) => oneOf(ORIGIN_STATES, originState),
  ],
  ["origin_flights", "Keys that are being read", (facts) => facts.originFlights],
  ["origin_permits_held", "Reads in flight at Redis", (facts) => facts.originPermits],
  ["origin_permits_max", "Reads that may be in flight", (facts) => facts.originPermitsMax],
  ["origin_waiting", "Reads that wait for their turn", (facts) => facts.originWaiting],
  ["origin_large_bytes", "Bytes of large values being read", (facts) => facts.originLargeBytes],
  [
    "coherence_state",
    "1 for the state that the channel of invalidations is in",
    ({ coherence }) => oneOf(STATES, coherence),
  ],
  ["coherence_epoch", "Number of the present pair of connections", (f) => f.coherenceEpoch],
  [
    "coherence_lease_age_seconds",
    "Time since all that is kept was proven right; +Inf while it is not; none with coherence off",
    leaseAge,
  ],
];

/** A sample for each state: 1 for the current one, 0 for the others. */
function oneOf(states: readonly string[], present: string): readonly Sample[] {
  return states.map((state) => ({ labels: { state }, value: Number(state === present) }));
}

function leaseAge({ coherence, coherenceProvenAge: age }: Facts): readonly Sample[] {
  if (coherence === "off") return [];
  return [{ value: age < 0 ? Infinity : age / 1000 }];
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
