/**
 * What the live page shows, once a second: figures of the last seconds, ready to print.
 *
 * @module
 */
import type { Facts } from "../../core/facts.ts";
import { quantileOf } from "../../core/histogram.ts";
import type { Insight } from "../../core/insight.ts";
import type { MachineFacts } from "../figures.ts";
import { Window } from "./window.ts";

/** The sources of a snapshot. */
export interface LiveSources {
  facts(): Facts;
  machine(): MachineFacts;
  whyNotReady(): string | null;
  readonly insight: Insight;
}

const HOT_KEYS = 10;

/** Makes snapshots from counts that grow. */
export class Snapshots {
  readonly #window: Window;

  constructor(readonly sources: LiveSources, clock = () => performance.now()) {
    this.#window = new Window(clock);
  }

  /** Makes the next snapshot. To be called about once a second. */
  next(): Record<string, unknown> {
    const { sources } = this;
    const facts = sources.facts();
    const machine = sources.machine();
    const { stats } = facts;
    const { latencies } = stats;
    const window = this.#window;
    window.take({
      hits: [facts.hits],
      misses: [facts.misses],
      stale: [stats.staleAnswers],
      resp: [stats.plainGets + stats.commands.entries().reduce((sum, [, count]) => sum + count, 0)],
      http: [stats.httpStatuses.reduce((sum, count) => sum + count, 0)],
      passed: [stats.commandsPassed],
      private: [latencies.lanes.private.counts.reduce((sum, count) => sum + count, 0)],
      bytesIn: [stats.bytesIn],
      bytesOut: [stats.bytesOut],
      evictions: [stats.evictions.entries + stats.evictions.memory + stats.evictions.absent_keys],
      invalidations: [stats.invalidations],
      cpu: [machine.cpuSeconds ?? 0],
      hit: latencies.hit.counts,
      miss: latencies.miss.counts,
      origin: latencies.origin.counts,
      shared: latencies.lanes.shared.counts,
      privately: latencies.lanes.private.counts,
      lag: machine.loopLag.counts,
    });
    const rate = (name: string) => window.rate(name);
    const latency = (name: string) => {
      const counts = window.growth(name);
      return [0.5, 0.99].map((part) => quantileOf(counts, part));
    };
    return {
      version: facts.proxyVersion,
      uptime: Math.floor(facts.uptime),
      notReady: sources.whyNotReady(),
      reads: { hits: rate("hits"), misses: rate("misses"), stale: rate("stale") },
      requests: { resp: rate("resp"), http: rate("http") },
      lanes: {
        cache: rate("hits"),
        shared: Math.max(0, rate("passed") - rate("private")),
        private: rate("private"),
      },
      bytes: { in: rate("bytesIn"), out: rate("bytesOut") },
      leave: { evictions: rate("evictions"), invalidations: rate("invalidations") },
      latency: {
        hit: latency("hit"),
        miss: latency("miss"),
        redis: latency("origin"),
        shared: latency("shared"),
        private: latency("privately"),
        lag: latency("lag"),
      },
      cpu: rate("cpu"),
      memory: {
        resident: facts.residentBytes,
        limit: machine.memoryLimit,
        cache: facts.cacheBytes,
        cacheMax: facts.cacheBytesMax,
        entries: facts.cacheEntries,
        entriesMax: facts.cacheEntriesMax,
      },
      redis: {
        state: facts.originState,
        problem: facts.originProblem,
        version: facts.redisVersion,
        coherence: facts.coherence,
        provenAge: facts.coherenceProvenAge,
        nodes: facts.nodes?.map(({ name, state, slots, isConfirmed }) => (
          { name, state, slots, isConfirmed }
        )) ?? null,
      },
      clients: {
        now: facts.clients,
        max: facts.maxClients,
        shared: facts.sharedUpstreams,
        private: stats.upstreams,
        privateMax: facts.upstreamsMax,
      },
      hotKeys: sources.insight.top(HOT_KEYS).map((one) => ({ ...one, key: printed(one.key) })),
      savings: sources.insight.savings(),
    };
  }
}

/** A key as people read it: UTF-8 if it is that, with escapes for what cannot be seen. */
function printed(key: string): string {
  const bytes = Uint8Array.from(key, (unit) => unit.charCodeAt(0));
  let text = key;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // It stays as it is: a code unit for each byte.
  }
  return text.replace(
    /\p{Cc}/gu,
    (unit) => `\\x${unit.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
