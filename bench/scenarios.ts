// The scenarios made from the tables of workloads, and the list of all scenarios.
import { COSTS } from "./costs.ts";
import { DATASETS, keyOf, valueOf } from "./dataset.ts";
import { FAR } from "./far.ts";
import { generate, redisBenchmark, redisInfo, type Sample, warm, wrk } from "./loads.ts";
import { compare, rehearse, type Subject } from "./measure.ts";
import { PASSING } from "./passing.ts";
import type { Peer } from "./peers.ts";
import type { Context, Findings, Scenario } from "./scenario.ts";
import {
  HTTP_WORKLOADS,
  type HttpWorkload,
  RESP_WORKLOADS,
  type RespWorkload,
} from "./workloads.ts";

async function measureResp(workload: RespWorkload, context: Context): Promise<Findings> {
  const { dataset, pattern, depth, connections, keysPerRequest, warmKeys } = workload;
  const { backing, redis, twemproxy, floor } = context.field;
  const proxy = workload.defaults ? context.field.defaults : context.field.proxy;
  if (warmKeys > 0) await warm(proxy, dataset, warmKeys);
  let asked = 0;
  let reached = 0;
  const subject = (peer: Peer): Subject => ({
    name: peer.name,
    async run(): Promise<Sample> {
      const { seconds } = context;
      const before = await redisInfo(backing.port, "stats", "keyspace_hits");
      const { raw: { requests }, ...sample } = await generate(peer, {
        ...{ dataset, pattern, depth, connections, keysPerRequest, seconds },
        ...(warmKeys > 0 ? { warmup: 0.2 } : { warmup: 0 }),
        seed: seed++,
      });
      if (peer === proxy) {
        asked += requests * keysPerRequest;
        reached += await redisInfo(backing.port, "stats", "keyspace_hits") - before;
      }
      return sample;
    },
  });
  const isFloor = pattern.kind === "one" && connections === 50;
  const peers = [proxy, redis, ...(twemproxy === null ? [] : [twemproxy])];
  if (isFloor) peers.push(floor);
  const subjects = peers.map(subject);
  // Hits are rehearsed by warming the keys.
  if (warmKeys === 0) await rehearse(subjects);
  const row = await compare(workload, subjects, context.repetitions);
  // This includes the warm-up, so the Redis behind may have seen slightly more requests than were
  // counted.
  const misses = Math.min(100, reached / asked * 100).toFixed(1);
  return { rows: [{ ...row, notes: [`${misses} % of our keys came from Redis`, ...row.notes] }] };
}

/** Each run requests keys in a different order, so that no cache can adapt to it. */
let seed = 1;

async function measureHttp(workload: HttpWorkload, context: Context): Promise<Findings> {
  const { dataset: name, connections } = workload;
  const { seconds, field } = context;
  const dataset = DATASETS[name];
  const keys = dataset.keys;
  await warm(field.proxy, name, keys);
  const subject = (peer: Peer, path: string, suffix: string): Subject => {
    const prefix = `${path}${dataset.prefix}`;
    const run = () => wrk(peer, { prefix, suffix, keys, connections, seconds });
    return { name: peer.name, run };
  };
  const subjects = [subject(field.proxy, "/", "")];
  await checkHttp(field.proxy, name, "/", "");
  if (field.webdis !== null) {
    await checkHttp(field.webdis, name, "/GET/", ".txt");
    subjects.push(subject(field.webdis, "/GET/", ".txt"));
  }
  if (workload.constant) subjects.push(subject(field.constant, "/", ""));
  return {
    rows: [await compare({ ...workload, group: "HTTP hits" }, subjects, context.repetitions)],
  };
}

/** Compares the bytes of a few answers before the measurement. */
async function checkHttp(
  peer: Peer,
  name: HttpWorkload["dataset"],
  path: string,
  suffix: string,
): Promise<void> {
  const dataset = DATASETS[name];
  for (const index of [0, 1, dataset.keys - 1]) {
    const url = `http://127.0.0.1:${peer.port}${path}${keyOf(dataset, index)}${suffix}`;
    const text = await (await fetch(url)).text();
    if (text !== valueOf(dataset, index)) {
      throw new Error(`Cannot continue: wrong answer of ${url}`);
    }
  }
}

/** The same bytes over HTTP from us and over RESP from redis-server. */
async function measureLargeHttp({ field, seconds, repetitions }: Context): Promise<Findings> {
  const dataset = DATASETS["1MiB"];
  const { prefix, keys } = dataset;
  await warm(field.proxy, "1MiB", keys);
  await checkHttp(field.proxy, "1MiB", "/", "");
  const pattern = { kind: "uniform", keys } as const;
  const subjects: Subject[] = [{
    name: field.proxy.name,
    run: () =>
      wrk(field.proxy, { prefix: `/${prefix}`, suffix: "", keys, connections: 8, seconds }),
  }, {
    name: field.redis.name,
    run: () => generate(field.redis, { dataset: "1MiB", pattern, connections: 8, seconds }),
  }];
  const title = "1 MiB values, HTTP of ours against RESP of redis-server";
  return {
    rows: [
      await compare({ id: "http-1MiB-bytes", group: "HTTP hits", title }, subjects, repetitions),
    ],
  };
}

/** The same work measured by redis-benchmark. */
async function measureTool(depth: number, context: Context): Promise<Findings> {
  const { field, repetitions, seconds } = context;
  const keys = 100_000;
  await warm(field.proxy, "main", keys);
  const peers = [field.proxy, field.redis, ...(field.twemproxy ? [field.twemproxy] : [])];
  const subjects = peers.map((peer): Subject => {
    let requests = 20_000;
    return {
      name: peer.name,
      async run() {
        // redis-benchmark takes a number of requests, not seconds: a first run shows how many fit.
        const sample = await redisBenchmark(peer, { keys, depth, requests });
        requests = Math.max(20_000, Math.round(sample.rate * seconds));
        return sample;
      },
    };
  });
  await rehearse(subjects);
  const title = `redis-benchmark, 100,000 random keys, depth ${depth}`;
  const row = await compare(
    { id: `tool-d${depth}`, group: "Cross-check", title },
    subjects,
    repetitions,
  );
  return { rows: [row] };
}

export const SCENARIOS: readonly Scenario[] = [
  ...RESP_WORKLOADS.map((workload): Scenario => ({
    ...workload,
    measure: (context) => measureResp(workload, context),
  })),
  ...HTTP_WORKLOADS.map((workload): Scenario => ({
    ...workload,
    measure: (context) => measureHttp(workload, context),
  })),
  {
    id: "http-1MiB-bytes",
    title: "1 MiB values by HTTP and by RESP",
    short: true,
    measure: measureLargeHttp,
  },
  ...FAR,
  ...PASSING,
  ...COSTS,
  ...[1, 16].map((depth): Scenario => ({
    id: `tool-d${depth}`,
    title: `redis-benchmark, depth ${depth}`,
    short: false,
    measure: (context) => measureTool(depth, context),
  })),
];
