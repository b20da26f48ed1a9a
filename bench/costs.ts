// Costs besides speed: memory per entry and per connection, and the time to start.
import { freePort } from "../tools/redis_server.ts";
import { DATASETS } from "./dataset.ts";
import { generate, redisInfo, store } from "./loads.ts";
import { compile, type Peer, startProxy, startRedis } from "./peers.ts";
import { residentBytes } from "./proc.ts";
import { PLACES, start } from "./process.ts";
import type { Context, Findings, Scenario } from "./scenario.ts";
import { spread } from "./statistics.ts";
import { ROOT } from "../tools/command.ts";

const IDLE_CLIENTS = new URL("./idle_clients.ts", import.meta.url).pathname;

/** How long connections are idle before the measurement, in seconds. */
const REST = 15;

/** Resident memory at rest: the minimum over this many seconds. */
async function settledBytes(pid: number, seconds = 1.5): Promise<number> {
  let least = Infinity;
  for (let look = 0; look < 4 * seconds; look++) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    least = Math.min(least, residentBytes(pid));
  }
  return least;
}

/** Fills an empty cache and an empty redis-server with the same entries. */
async function measureMemory({ isFull }: Context): Promise<Findings> {
  const keys = isFull ? 1_000_000 : 250_000;
  await using redis = await startRedis(PLACES.backing);
  const before = await redisInfo(redis.port, "memory", "used_memory");
  await store(redis.port, DATASETS.memory, keys);
  const theirs = (await redisInfo(redis.port, "memory", "used_memory") - before) / keys;
  await using proxy = await startProxy(redis.port, [
    ...["--cache-size", `${keys}`, "--cache-memory", "4gb", "--cache-timeout", "36000"],
  ]);
  const pattern = { kind: "sequence", keys } as const;
  // First some load, so that buffers and compiled code do not count as entries.
  const few = { kind: "sequence", keys: 1000 } as const;
  await generate(proxy, { dataset: "memory", pattern: few, keysPerRequest: 100, once: true });
  const empty = await settledBytes(proxy.pid);
  const { raw: { seconds } } = await generate(proxy, {
    ...{ dataset: "memory", pattern, keysPerRequest: 100, connections: 4, once: true },
  });
  const filled = await settledBytes(proxy.pid);
  const ours = (filled - empty) / (keys - 1000);
  return {
    costs: [{
      id: "memory",
      title: `Memory per entry: 16 B key, 100 B value, ${keys.toLocaleString("en")} entries`,
      against: "redis-server",
      ratio: ours / theirs,
      figures: {
        "redis-proxy, growth of RSS": `${Math.round(ours)} B`,
        "redis-server, growth of used_memory": `${Math.round(theirs)} B`,
        "time to fill": `${seconds.toFixed(1)} s`,
      },
      notes: isFull ? [] : ["The full form takes a million entries"],
    }],
  };
}

/** Connects many clients that send at most one request each, all at once, and are then idle. */
async function measureIdle({ field }: Context): Promise<Findings> {
  const clients = 10_000;
  const options = ["--max-clients", `${clients + 100}`];
  const ours: Record<string, number> = {};
  for (const kind of ["silent", "resp", "http"]) {
    await using proxy = await startProxy(field.backing.port, options);
    // V8 returns the memory used for connecting once nothing has happened for a while.
    ours[kind] = await idleBytes(proxy, clients, kind, REST);
  }
  await using redis = await startRedis(PLACES.server, ["--maxclients", `${clients + 100}`]);
  const theirs = await idleBytes(redis, clients, "resp", 1.5);
  const shown = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
  return {
    costs: [{
      id: "idle",
      title: `RSS of an idle connection, ${clients.toLocaleString("en")} of them`,
      against: "-",
      ratio: ours.resp! / 1024,
      figures: {
        "redis-proxy": shown(ours.resp!),
        "redis-proxy, after an HTTP request": shown(ours.http!),
        "redis-proxy, after no request": shown(ours.silent!),
        "redis-server": shown(theirs),
      },
      notes: [
        `All have sent one GET at the same moment, and then nothing for ${REST} s; the kernel's ` +
        "memory for sockets is not in RSS",
      ],
    }],
  };
}

/**
 * @param kind The requests of each client, as an argument of `idle_clients.ts`.
 * @param rest How long they are idle, in seconds.
 */
async function idleBytes(
  { port, pid }: Peer,
  clients: number,
  kind: string,
  rest: number,
): Promise<number> {
  const warm = 200;
  const deno = [Deno.execPath(), "run", "-A", "--no-config", "--no-lock", IDLE_CLIENTS];
  const connect = (count: number) =>
    start(PLACES.load, [...deno, `${port}`, `${count}`, kind], PIPED);
  await using first = connect(warm);
  await ready(first.child);
  const before = await settledBytes(pid);
  await using others = connect(clients - warm);
  await ready(others.child);
  return (await settledBytes(pid, rest) - before) / (clients - warm);
}

const PIPED = { stdin: "null", stdout: "piped", stderr: "inherit" } as const;

async function ready(child: Deno.ChildProcess): Promise<void> {
  const reader = child.stdout.getReader();
  const { done } = await reader.read();
  if (done) throw new Error("Cannot hold that many connections: see the error above");
  reader.releaseLock();
}

/**
 * From the start of the process to its first answer, compared with the whole run of an empty
 * program.
 */
async function measureStart({ isFull, field }: Context): Promise<Findings> {
  const empty = await compile("empty");
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < (isFull ? 21 : 9); round++) {
    const both = [
      async () => ours.push(await firstAnswer(field.backing.port)),
      async () => theirs.push(await wholeRun(empty)),
    ];
    for (const run of round % 2 === 0 ? both : both.toReversed()) await run();
  }
  const pairs = spread(ours.map((time, index) => time / theirs[index]!));
  const shown = (times: number[]) => {
    const { median, low, high } = spread(times);
    return `${median.toFixed(0)} ms (${low.toFixed(0)} to ${high.toFixed(0)})`;
  };
  return {
    costs: [{
      id: "start",
      title: "Start to first answer",
      against: "empty program",
      ratio: pairs.median,
      figures: { "redis-proxy": shown(ours), "empty program, start to end": shown(theirs) },
      notes: [],
    }],
  };
}

async function firstAnswer(redisPort: number): Promise<number> {
  const port = freePort();
  const begin = performance.now();
  const args = ["--port", `${port}`, "--redis-port", `${redisPort}`, "--log-level", "error"];
  const child = new Deno.Command(`${ROOT}/dist/redis-proxy`, { args, ...QUIET }).spawn();
  while (!await pong(port)) {
    if (performance.now() - begin > 20_000) throw new Error("Cannot start redis-proxy");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const time = performance.now() - begin;
  child.kill("SIGTERM");
  await child.status;
  return time;
}

const QUIET = { stdin: "null", stdout: "null", stderr: "null" } as const;

async function pong(port: number): Promise<boolean> {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(new TextEncoder().encode("PING\r\n"));
    return await connection.read(new Uint8Array(16)) === 7;
  } catch {
    return false;
  }
}

async function wholeRun(program: string): Promise<number> {
  const begin = performance.now();
  await new Deno.Command(program, QUIET).spawn().status;
  return performance.now() - begin;
}

export const COSTS: readonly Scenario[] = [
  { id: "start", title: "start to first answer", short: true, measure: measureStart },
  { id: "idle", title: "idle connections", short: true, measure: measureIdle },
  { id: "memory", title: "memory per entry", short: true, measure: measureMemory },
];
