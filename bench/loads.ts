// Makes load and reports the result: with our own generator for RESP, with wrk for HTTP, and with
// redis-benchmark, for comparison with a tool that everybody has.
import { Buffer } from "node:buffer";
import { askRedis } from "../tools/redis_server.ts";
import { command, type Dataset, keyOf, valueOf } from "./dataset.ts";
import type { Exchange, ExchangeResult } from "./exchange.ts";
import type { Job, JobResult } from "./job.ts";
import type { Peer } from "./peers.ts";
import { cpuSeconds } from "./proc.ts";
import { output, PLACES } from "./process.ts";

/** The result of one run. */
export interface Sample {
  /** Requests per second. */
  readonly rate: number;
  /** Latencies in milliseconds; null if the tool does not report them. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  /** CPU time of the server per request, in microseconds. */
  readonly cpu: number;
  /** The share of one CPU that the server used. */
  readonly busy: number;
  /** The share of one CPU that the load generator used; null if unknown. */
  readonly loadBusy: number | null;
}

const GENERATOR = new URL("./generator.ts", import.meta.url).pathname;
const EXCHANGE = new URL("./exchange.ts", import.meta.url).pathname;
const KEYS_LUA = new URL("./wrk_keys.lua", import.meta.url).pathname;

const DEFAULTS = {
  keysPerRequest: 1,
  connections: 50,
  depth: 1,
  warmup: 0.2,
  seconds: 1,
  rate: null,
  once: false,
  seed: 7,
  pids: {},
};

/** The required parts of a job; the rest has defaults. */
export type JobPlan = Pick<Job, "dataset" | "pattern"> & Partial<Job>;

/** Runs our generator against a server. */
export async function generate(peer: Peer, plan: JobPlan): Promise<Sample & { raw: JobResult }> {
  const job: Job = { ...DEFAULTS, ...plan, port: peer.port, pids: { server: peer.pid } };
  const text = await output(PLACES.load, [
    ...[Deno.execPath(), "run", "-A", "--no-config", "--no-lock", GENERATOR],
    JSON.stringify(job),
  ]);
  const raw: JobResult = JSON.parse(text);
  const { requests, seconds, p50, p99, p999 } = raw;
  const cpu = raw.cpu["server"]!;
  return {
    rate: requests / seconds,
    p50,
    p99,
    p999,
    cpu: cpu / requests * 1e6,
    busy: cpu / seconds,
    loadBusy: raw.generatorCpu / seconds,
    raw,
  };
}

/** Requests each of the first `keys` keys once, and compares every byte of the replies. */
export async function warm(peer: Peer, dataset: Job["dataset"], keys: number): Promise<void> {
  const pattern = { kind: "sequence", keys } as const;
  await generate(peer, {
    dataset,
    pattern,
    // Times the depth, this is the number of concurrent reads that the proxy allows by default.
    connections: 4,
    depth: keys < 100 ? 1 : 16,
    once: true,
  });
}

/** A job for wrk. */
export interface WrkPlan {
  readonly prefix: string;
  readonly suffix: string;
  readonly keys: number;
  readonly connections: number;
  readonly seconds: number;
}

/** Runs wrk against an HTTP server. */
export async function wrk(peer: Peer, plan: WrkPlan): Promise<Sample> {
  const { prefix, suffix, keys, connections, seconds } = plan;
  const before = cpuSeconds(peer.pid);
  const text = await output(PLACES.load, [
    ...["wrk", "-t1", `-c${connections}`, `-d${Math.max(1, Math.round(seconds))}s`, "--latency"],
    ...["-s", KEYS_LUA, `http://127.0.0.1:${peer.port}`, "--", prefix, `${keys}`, suffix],
  ]);
  const cpu = cpuSeconds(peer.pid) - before;
  if (/Non-2xx|Socket errors/.test(text)) throw new Error(`Errors in wrk:\n${text}`);
  const [, requests, took] = /(\d+) requests in (\S+),/.exec(text) ?? [];
  const [, p50] = /^\s+50%\s+(\S+)/m.exec(text) ?? [];
  const [, p99] = /^\s+99%\s+(\S+)/m.exec(text) ?? [];
  const time = wrkMillis(took) / 1000;
  return {
    rate: Number(requests) / time,
    p50: wrkMillis(p50),
    p99: wrkMillis(p99),
    p999: null,
    cpu: cpu / Number(requests) * 1e6,
    busy: cpu / time,
    loadBusy: null,
  };
}

const MILLIS = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

/** A duration as wrk writes it, in milliseconds. */
export function wrkMillis(text = ""): number {
  const [, number, unit] = /^([\d.]+)(us|ms|s|m)$/.exec(text) ?? [];
  if (unit === undefined) throw new Error(`Cannot read the duration "${text}" of wrk`);
  return Number(number) * MILLIS[unit as keyof typeof MILLIS];
}

/** A GET of a random key of the main data set, as redis-benchmark has it. */
const RANDOM_GET = ["GET", "key:__rand_int__"];

/** Runs redis-benchmark: a command in which each `__rand_int__` is one of `keys` numbers. */
export async function redisBenchmark(
  peer: Peer,
  plan: { keys: number; depth: number; requests: number; command?: readonly string[] },
): Promise<Sample> {
  const before = cpuSeconds(peer.pid);
  const text = await output(PLACES.load, [
    ...["redis-benchmark", "-h", "127.0.0.1", "-p", `${peer.port}`, "-c", "50", "--csv"],
    ...["-P", `${plan.depth}`, "-n", `${plan.requests}`, "-r", `${plan.keys}`],
    ...plan.command ?? RANDOM_GET,
  ]);
  const cpu = cpuSeconds(peer.pid) - before;
  // "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95...","p99...","max..."
  const fields = text.trim().split("\n").at(-1)!.split(",").map((field) =>
    field.replaceAll('"', "")
  );
  const rate = Number(fields.at(-7));
  return {
    rate,
    p50: Number(fields.at(-4)),
    p99: Number(fields.at(-2)),
    p999: null,
    cpu: cpu / plan.requests * 1e6,
    busy: cpu / (plan.requests / rate),
    loadBusy: null,
  };
}

/** Repeats an exchange that is always the same. */
export async function repeatExchange(
  peer: Peer,
  plan: Omit<Exchange, "port" | "server">,
): Promise<Sample> {
  const job: Exchange = { ...plan, port: peer.port, server: peer.pid };
  const text = await output(PLACES.load, [
    ...[Deno.execPath(), "run", "-A", "--no-config", "--no-lock", EXCHANGE],
    JSON.stringify(job),
  ]);
  const { exchanges, seconds, p50, p99, serverCpu, ownCpu }: ExchangeResult = JSON.parse(text);
  return {
    rate: exchanges / seconds,
    p50,
    p99,
    p999: null,
    cpu: serverCpu / exchanges * 1e6,
    busy: serverCpu / seconds,
    loadBusy: ownCpu / seconds,
  };
}

/** Stores a data set, or its first keys. */
export async function store(port: number, dataset: Dataset, keys = dataset.keys): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const batch = Math.max(1, Math.min(1000, Math.floor(2 ** 20 / dataset.valueBytes)));
  const answer = new Uint8Array(8192);
  for (let from = 0; from < keys; from += batch) {
    const count = Math.min(batch, keys - from);
    const commands = Array.from({ length: count }, (_, index) => {
      return command("SET", keyOf(dataset, from + index), valueOf(dataset, from + index));
    });
    let bytes: Uint8Array = Buffer.from(commands.join(""), "latin1");
    while (bytes.length > 0) bytes = bytes.subarray(await connection.write(bytes));
    for (let left = count * "+OK\r\n".length; left > 0;) {
      left -= await connection.read(answer) ?? left;
    }
  }
}

/** A number in Redis's INFO. */
export async function redisInfo(port: number, section: string, name: string): Promise<number> {
  const text = await askRedis(port, `INFO ${section}\r\n`);
  return Number(new RegExp(`^${name}:(\\d+)`, "m").exec(text)?.[1] ?? NaN);
}
