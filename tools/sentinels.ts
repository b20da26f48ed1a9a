// A temporary master with a replica and sentinels on loopback, for `make run --redis sentinel` and
// tests. Each process has its own folder and is ended by its handle.
import { askRedis, freePort, type RedisServer, startRedisServer } from "./redis_server.ts";

export interface SentinelSetOptions {
  /** The name of the master. Default: mymaster. */
  name?: string;
  /** Default: 3. */
  sentinels?: number;
  /** After how much silence the master counts as down, in milliseconds. Default: 1000. */
  downAfter?: number;
  /** Password of the sentinels. */
  password?: string;
  /** Host of the servers as the sentinels name it. Default: 127.0.0.1. */
  host?: string;
  /** The servers. Default: redis-server on PATH. */
  program?: string;
  /** More arguments of both servers. */
  args?: string[];
  detached?: boolean;
}

/** A running sentinel. */
export interface SentinelServer extends AsyncDisposable {
  port: number;
  kill(signal: Deno.Signal): void;
}

export interface SentinelSet extends AsyncDisposable {
  name: string;
  master: RedisServer;
  replica: RedisServer;
  sentinels: SentinelServer[];
  /** redis+sentinel://name@host:port,... */
  url: string;
}

const HOST = "127.0.0.1";
const START_MS = 10_000;

/** Starts all, and waits until the sentinels know each other and the replica. */
export async function startSentinelSet(options: SentinelSetOptions = {}): Promise<SentinelSet> {
  const { name = "mymaster", sentinels: count = 3, host = HOST, args = [], detached = false } =
    options;
  const program = options.program === undefined ? {} : { program: options.program };
  const started: AsyncDisposable[] = [];
  const dispose = async () => {
    for (const one of started.reverse()) await one[Symbol.asyncDispose]();
  };
  try {
    const announced = host === HOST ? [] : ["--replica-announce-ip", host];
    const common = ["--repl-diskless-sync-delay", "0", ...announced, ...args];
    const master = await startRedisServer({ ...program, args: common, detached });
    started.push(master);
    const following = ["--replicaof", host, `${master.port}`];
    const replica = await startRedisServer({
      ...program,
      args: [...common, ...following],
      detached,
    });
    started.push(replica);
    await until(async () => (await askRedis(replica.port, "ROLE\r\n")).includes("connected"));
    const sentinels: SentinelServer[] = [];
    for (let index = 0; index < count; index++) {
      const sentinel = await startSentinel(name, host, master.port, count, options);
      started.push(sentinel);
      sentinels.push(sentinel);
    }
    await Promise.all(sentinels.map(({ port }) =>
      until(async () => {
        const known = await askSentinel(port, `SENTINEL MASTER ${name}`, options.password);
        return known.includes(`num-other-sentinels\r\n$1\r\n${count - 1}\r\n`) &&
          known.includes("num-slaves\r\n$1\r\n1\r\n");
      })
    ));
    const places = sentinels.map(({ port }) => `${HOST}:${port}`).join(",");
    const url = `redis+sentinel://${name}@${places}`;
    return { name, master, replica, sentinels, url, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Sends a command to a sentinel, and returns its reply as text. */
export async function askSentinel(port: number, command: string, password = ""): Promise<string> {
  const login = password === "" ? "" : `AUTH ${password}\r\n`;
  const answer = await askRedis(port, `${login}${command}\r\n`);
  return login === "" ? answer : answer.replace(/^\+OK\r\n/, "");
}

async function startSentinel(
  name: string,
  host: string,
  masterPort: number,
  count: number,
  { downAfter = 1000, password = "", detached = false }: SentinelSetOptions,
): Promise<SentinelServer> {
  const folder = await Deno.makeTempDir({ prefix: "redis-sentinel-" });
  const port = freePort();
  const isName = host !== HOST;
  const lines = [
    `port ${port}`,
    `bind ${HOST}`,
    `dir ${folder}`,
    `logfile ${folder}/log`,
    "set-proc-title no",
    ...(password === "" ? [] : [`requirepass ${password}`, `sentinel sentinel-pass ${password}`]),
    ...(isName ? ["sentinel resolve-hostnames yes", "sentinel announce-hostnames yes"] : []),
    `sentinel monitor ${name} ${host} ${masterPort} ${Math.floor(count / 2) + 1}`,
    `sentinel down-after-milliseconds ${name} ${downAfter}`,
    `sentinel failover-timeout ${name} 6000`,
    `sentinel parallel-syncs ${name} 1`,
  ];
  await Deno.writeTextFile(`${folder}/conf`, lines.join("\n"));
  const child = new Deno.Command("redis-server", {
    args: [`${folder}/conf`, "--sentinel"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
    detached,
  }).spawn();
  let isGone = false;
  const exited = child.status.finally(() => isGone = true);
  const kill = (signal: Deno.Signal) => {
    if (!isGone) child.kill(signal);
  };
  const stop = async () => {
    kill("SIGKILL"); // It has nothing to save.
    await exited;
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  };
  try {
    await until(async () => (await askSentinel(port, "PING", password)).startsWith("+PONG"));
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, kill, [Symbol.asyncDispose]: stop };
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (!await isTrue().catch(() => false)) {
    if (Date.now() > deadline) throw new Error(`not within ${START_MS} ms: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
