// What a cluster costs: hits, misses and writes over three masters beside those over one Redis, and
// the CPU and the memory that 300 made-up masters take while nothing happens.
//   deno run -A bench/cluster.ts [repetitions]
import { startCluster } from "../tools/cluster.ts";
import { askRedis, freePort, startRedisServer } from "../tools/redis_server.ts";
import { DATASETS } from "./dataset.ts";
import { HOLD_ALL } from "./field.ts";
import { generate, redisBenchmark, store, warm } from "./loads.ts";
import { compare, rehearse, type Subject } from "./measure.ts";
import { type Peer, startProxy } from "./peers.ts";
import { cpuSeconds, residentBytes } from "./proc.ts";
import { PLACES, start, until } from "./process.ts";
import { median } from "./statistics.ts";

const KEYS = 100_000;
const SECONDS = 1;
const MASTERS = 300;

/** How long the idle proxy is watched, in seconds. */
const WATCHED = 15;

/** So many keys are in slots of all masters. */
const KEYS_OF_ALL = 4000;

const repetitions = Number(Deno.args[0] ?? 7);
const uniform = { kind: "uniform", keys: KEYS } as const;
const VALUE = "v".repeat(100);

async function measureRequests(): Promise<void> {
  await using cluster = await startCluster({ replicas: 0 });
  await using redis = await startRedisServer();
  const args = HOLD_ALL;
  const nothing = ["--cache-timeout", "0"];
  await using of3 = named("3 masters", await startProxy(cluster.url, args));
  await using of1 = named("1 Redis", await startProxy(redis.port, args));
  await using missing3 = named("3 masters", await startProxy(cluster.url, nothing));
  await using missing1 = named("1 Redis", await startProxy(redis.port, nothing));
  await until(async () => (await askRedis(of3.port, "PING\r\n")) === "+PONG\r\n", "the proxy");
  for (const peer of [of3, of1]) {
    await store(peer.port, DATASETS.main, KEYS);
    await warm(peer, "main", KEYS);
  }
  for (const depth of [1, 16]) {
    const reads = (peer: Peer): Subject => ({
      name: peer.name,
      run: () => generate(peer, { dataset: "main", pattern: uniform, depth, seconds: SECONDS }),
    });
    await report(`hits, depth ${depth}`, [of3, of1].map(reads));
    await report(`misses, depth ${depth}`, [missing3, missing1].map(reads));
    await report(`SET, depth ${depth}`, [of3, of1].map((peer) => writes(peer, depth)));
  }
}

function named(name: string, peer: Peer): Peer {
  return { ...peer, name, [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose]() };
}

function writes(peer: Peer, depth: number): Subject {
  let requests = 20_000;
  return {
    name: peer.name,
    async run() {
      const command = ["SET", "set:__rand_int__", VALUE];
      const sample = await redisBenchmark(peer, { keys: KEYS, depth, requests, command });
      requests = Math.max(20_000, Math.round(sample.rate * SECONDS));
      return sample;
    },
  };
}

async function report(title: string, subjects: readonly Subject[]): Promise<void> {
  await rehearse(subjects);
  await rehearse(subjects);
  const heading = { id: title, group: "Cluster", title };
  const { samples, ratios: [ratio] } = await compare(heading, subjects, repetitions);
  const rates = subjects.map(({ name }) => {
    const rate = median(samples[name]!.map((sample) => sample.rate));
    return `${name} ${Math.round(rate).toLocaleString("en")}/s`;
  });
  const { median: middle, low, high } = ratio!.throughput;
  const shown = [middle, low, high].map((one) => one.toFixed(2));
  console.log(
    `${title}: ${shown[0]} (${shown[1]} to ${shown[2]}), per CPU second ` +
      `${ratio!.perCpu.median.toFixed(2)}; ${rates.join(", ")}`,
  );
}

interface Idle {
  /** CPU as a share of a core, once all masters but one rest. */
  readonly resting: number;
  /** The same while all are watched, because a key of each has been read. */
  readonly watched: number;
  /** Resident memory while they rest. */
  readonly bytes: number;
}

/** What a proxy takes that has nothing to do. */
async function idle(masters: number): Promise<Idle> {
  const program = new URL("./programs/made_up_cluster.ts", import.meta.url).pathname;
  const deno = [Deno.execPath(), "run", "-A", "--no-config", "--no-lock", program];
  const command = [...deno, `${masters}`];
  await using nodes = start(PLACES.load, command, { stdout: "piped" });
  const { value } = await nodes.child.stdout.getReader().read();
  const port = Number(new TextDecoder().decode(value).trim());
  // One process plays all masters, so its answers may be slow.
  const admin = freePort();
  const args = ["--redis-timeout", "5s", "--admin-port", `${admin}`];
  await using proxy = await startProxy(`redis+cluster://127.0.0.1:${port}`, args);
  await untilResting(masters - 1, admin);
  console.error(`${masters} masters: watching ${WATCHED} seconds while they rest`);
  const { cpu: resting, bytes } = await watch(proxy);
  for (let key = 0; key < KEYS_OF_ALL; key++) await askRedis(proxy.port, `GET key:${key}\r\n`);
  await untilResting(0, admin);
  console.error(`${masters} masters: watching ${WATCHED} seconds while all are watched`);
  const { cpu: watched } = await watch(proxy);
  return { resting, watched, bytes };
}

/** Waits until so many masters rest. Ten links are opened in a tenth of a second. */
async function untilResting(wanted: number, admin: number): Promise<void> {
  for (let second = 0; second < 60; second++) {
    const text = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
    const count = text.match(/^redis_proxy_cluster_node_resting\{.*\} 1$/gm)?.length ?? 0;
    const known = text.match(/^redis_proxy_cluster_node_confirmed\{.*\} 1$/gm)?.length ?? 0;
    if (known > 0 && count === wanted) return;
    if (second % 5 === 4) console.error(`${known} masters, ${count} rest: waiting for ${wanted}`);
    await sleep(1000);
  }
  throw new Error(`Cannot measure: wanted ${wanted} masters at rest within a minute`);
}

async function watch({ pid }: Peer): Promise<{ readonly cpu: number; readonly bytes: number }> {
  const before = cpuSeconds(pid);
  let bytes = Infinity;
  for (let second = 0; second < WATCHED; second++) {
    await sleep(1000);
    bytes = Math.min(bytes, residentBytes(pid));
  }
  return { cpu: (cpuSeconds(pid) - before) / WATCHED, bytes };
}

async function measureTopology(): Promise<void> {
  const few = await idle(3);
  const many = await idle(MASTERS);
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  for (const [masters, { resting, watched }] of [[3, few], [MASTERS, many]] as const) {
    console.log(`idle with ${masters} masters: ${percent(resting)} of a core`);
    console.log(`idle after reads from ${masters} masters: ${percent(watched)} of a core`);
  }
  const each = (many.bytes - few.bytes) / (MASTERS - 3) / 1024;
  console.log(`resident memory of the link to a master: ${each.toFixed(1)} KiB`);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (Deno.args[1] !== "topology") await measureRequests();
if (Deno.args[1] !== "requests") await measureTopology();
