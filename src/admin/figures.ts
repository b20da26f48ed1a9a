/**
 * Metrics with more than one number: histograms, and counts by label.
 *
 * @module
 */
import { BOUNDS, type Histogram } from "../core/histogram.ts";
import type { Facts } from "../core/facts.ts";
import { SAMPLED_PASSES, SAMPLED_REQUESTS } from "../core/stats.ts";
import type { Metric, Sample } from "./exposition.ts";

/** The resources that the process uses, and their limits. */
export interface MachineFacts {
  /** CPU time since the start, in seconds; null if unknown. */
  readonly cpuSeconds: number | null;
  readonly openFiles: number;
  /** Infinity for no limit; null if unknown. */
  readonly openFilesMax: number | null;
  /** Memory that the process may have, in bytes; null for no limit. */
  readonly memoryLimit: number | null;
  readonly loopLag: Histogram;
}

type Labels = Readonly<Record<string, string>>;

/** The histograms. */
export function histograms({ stats }: Facts, { loopLag }: MachineFacts): Metric[] {
  const { hit, miss, origin, lanes } = stats.latencies;
  const byLane = Object.entries(lanes).flatMap(([lane, one]) => samplesOf(one, { lane }));
  return [
    histogram(
      "hit_duration_seconds",
      `From reading a request to its reply, for hits; 1 in ${SAMPLED_REQUESTS} is measured`,
      samplesOf(hit),
    ),
    histogram(
      "miss_duration_seconds",
      "From the miss of a key to the end of its read, including the wait for its turn",
      samplesOf(miss),
    ),
    histogram(
      "origin_duration_seconds",
      "From sending a read to the answer of Redis",
      samplesOf(origin),
    ),
    histogram(
      "pass_duration_seconds",
      `From a passed command to its reply; on shared lanes 1 in ${SAMPLED_PASSES} is measured`,
      byLane,
    ),
    histogram(
      "event_loop_lag_seconds",
      "How late the event loop runs due work, measured 4 times a second",
      samplesOf(loopLag),
    ),
  ];
}

/** Counts by label. */
export function labelledCounts({ stats }: Facts): Metric[] {
  const { commands, plainGets, httpStatuses, failedLogins, evictions } = stats;
  const named = new Map(commands.entries());
  named.set("get", (named.get("get") ?? 0) + plainGets);
  const statuses = Array.from(httpStatuses.entries()).filter(([, count]) => count > 0);
  return [
    counter(
      "commands",
      "Commands of RESP clients by name; unknown names count as other",
      "command",
      [
        ...named,
      ],
    ),
    counter(
      "http_responses",
      "HTTP replies by status",
      "status",
      statuses.map(([status, count]) => [`${status}`, count]),
    ),
    counter(
      "failed_logins",
      "Logins that were refused, and HTTP requests without the password",
      "protocol",
      Object.entries(failedLogins),
    ),
    counter(
      "cache_evictions",
      "Entries evicted, by the bound that was reached",
      "cause",
      Object.entries(evictions),
    ),
  ];
}

/** Metrics that have the same names in all programs. */
export function processMetrics(facts: Facts, machine: MachineFacts): Metric[] {
  const { cpuSeconds, openFiles, openFilesMax } = machine;
  const optional = (value: number | null) => value === null ? [] : [{ value }];
  return [
    {
      name: "process_cpu_seconds_total",
      type: "counter",
      help: "Total user and system CPU time spent in seconds",
      samples: optional(cpuSeconds),
    },
    processGauge("open_fds", "Number of open file descriptors", [{ value: openFiles }]),
    processGauge("max_fds", "Maximum number of open file descriptors", optional(openFilesMax)),
    processGauge("resident_memory_bytes", "Resident memory size in bytes", [
      { value: facts.residentBytes },
    ]),
    processGauge("start_time_seconds", "Start of the process in seconds since the Unix epoch", [
      { value: performance.timeOrigin / 1000 },
    ]),
  ].filter(({ samples }) => samples.length > 0) as Metric[];
}

function processGauge(name: string, help: string, samples: Sample[]): Metric {
  return { name: `process_${name}`, type: "gauge", help, samples };
}

function counter(name: string, help: string, label: string, counts: [string, number][]): Metric {
  const samples = counts.map(([of, value]) => ({ labels: { [label]: of }, value }));
  return { name: `redis_proxy_${name}_total`, type: "counter", help, samples };
}

function histogram(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name: `redis_proxy_${name}`, type: "histogram", help, samples };
}

/** The samples of one histogram: cumulative buckets, the sum and the count. */
function samplesOf({ counts, sum }: Histogram, labels: Labels = {}): Sample[] {
  let total = 0;
  const buckets = Array.from(counts, (count, bucket): Sample => {
    const bound = BOUNDS[bucket];
    const le = bound === undefined ? "+Inf" : `${bound / 1000}`;
    return { suffix: "_bucket", labels: { ...labels, le }, value: total += count };
  });
  return [
    ...buckets,
    { suffix: "_sum", labels, value: sum / 1000 },
    { suffix: "_count", labels, value: total },
  ];
}
