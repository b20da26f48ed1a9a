/**
 * The proxy's figures as metrics, with names, types and descriptions.
 *
 * @module
 */
import type { Facts } from "../core/facts.ts";
import { expose, type Sample } from "./exposition.ts";
import { histograms, labelledCounts, type MachineFacts, processMetrics } from "./figures.ts";
import { placeMetrics } from "./place_metrics.ts";
import { ageOf, metric, oneOf, type Row } from "./rows.ts";

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

function leaseAge({ coherence, coherenceProvenAge: age }: Facts): readonly Sample[] {
  if (coherence === "off") return [];
  return [{ value: ageOf(age) }];
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
    ...placeMetrics(facts),
  ]);
}
