// The compared servers: ours and its peers. Each starts on the CPU for measured servers and is
// ended by its handle. Peers that are not available are left out, with the reason.
import { build } from "../tools/build.ts";
import { ROOT, runQuietly, say } from "../tools/command.ts";
import { ensurePrograms, isOnPath } from "../tools/install_redis.ts";
import { askRedis, freePort, type RedisServer, startRedisServer } from "../tools/redis_server.ts";
import { denoEnv } from "../tools/supply.ts";
import { PLACES, type Running, start, until } from "./process.ts";

/** A measured server. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  readonly command: readonly string[];
}

const PROXY = `${ROOT}/dist/redis-proxy`;
const PROGRAMS = ["redis-server", "redis-benchmark", "nutcracker", "webdis", "wrk"];
const scratch = Deno.makeTempDirSync({ prefix: "redis-proxy-bench-" });

/** Installs missing programs if possible; returns the ones that are left out, and why. */
export async function findPrograms(): Promise<Map<string, string>> {
  const left = new Map<string, string>();
  try {
    await ensurePrograms(...PROGRAMS);
  } catch {
    for (const name of PROGRAMS.filter((name) => !isOnPath(name))) {
      left.set(name, `${name} is not installed and could not be installed`);
    }
  }
  if (left.has("redis-server")) throw new Error("Cannot measure: wanted redis-server on PATH");
  return left;
}

export function removeScratch(): void {
  Deno.removeSync(scratch, { recursive: true });
}

/** redis-server, measured itself or behind a proxy. */
export async function startRedis(
  cpu = PLACES.server,
  args: string[] = [],
): Promise<Peer & RedisServer> {
  const server = await startRedisServer({ args });
  if (PLACES.isPinned) await runQuietly(["taskset", "-acp", `${cpu}`, `${server.pid}`]);
  const command = ["redis-server", "--port", `${server.port}`, "--save", "", ...args];
  return { ...server, name: "redis-server", command };
}

/**
 * The executable as shipped.
 *
 * @param redis The port of Redis, or its URL.
 */
export async function startProxy(
  redis: number | string,
  args: readonly string[] = [],
): Promise<Peer> {
  const port = freePort();
  const command = [
    PROXY,
    ...["--listen-address", "127.0.0.1", "--port", `${port}`],
    ...(typeof redis === "string" ? ["--redis-url", redis] : ["--redis-port", `${redis}`]),
    ...["--log-level", "warn", ...args],
  ];
  return await peer("redis-proxy", port, start(PLACES.server, command), answersResp);
}

/** twemproxy, with the settings that its documentation uses for a single server. */
export async function startTwemproxy(redisPort: number): Promise<Peer> {
  const port = freePort();
  const config = `${scratch}/nutcracker-${port}.yml`;
  Deno.writeTextFileSync(
    config,
    [
      "bench:",
      `  listen: 127.0.0.1:${port}`,
      "  redis: true",
      "  hash: fnv1a_64",
      "  distribution: ketama",
      "  preconnect: true",
      "  backlog: 4096",
      "  servers:",
      `   - 127.0.0.1:${redisPort}:1`,
      "",
    ].join("\n"),
  );
  const command = [
    ...["nutcracker", "--conf-file", config, "--stats-port", `${freePort()}`],
    ...["--verbose", "0"],
  ];
  return await peer("twemproxy", port, start(PLACES.server, command), answersResp);
}

/** webdis with Debian's number of threads. */
export async function startWebdis(redisPort: number): Promise<Peer> {
  const port = freePort();
  const config = `${scratch}/webdis-${port}.json`;
  Deno.writeTextFileSync(
    config,
    JSON.stringify({
      redis_host: "127.0.0.1",
      redis_port: redisPort,
      http_host: "127.0.0.1",
      http_port: port,
      threads: 2,
      daemonize: false,
      database: 0,
      verbosity: 0,
      logfile: "/dev/null",
    }),
  );
  return await peer("webdis", port, start(PLACES.server, ["webdis", config]), answersHttp);
}

/** A constant answer from `Deno.serve`, compiled in the same way as the executable. */
export async function startConstant(bytes: number): Promise<Peer> {
  const port = freePort();
  const command = [await compile("constant"), `${port}`, `${bytes}`];
  return await peer("Deno.serve", port, start(PLACES.server, command), answersHttp);
}

/** A minimal Deno program for RESP clients, compiled in the same way as the executable. */
export async function startFloor(bytes: number): Promise<Peer> {
  const port = freePort();
  const command = [await compile("floor"), `${port}`, `${bytes}`];
  return await peer("Deno.listen", port, start(PLACES.server, command), answersResp);
}

/** Compiles a program of bench/programs in the same way as the executable, and returns its path. */
export async function compile(name: "constant" | "empty" | "floor"): Promise<string> {
  const target = `${ROOT}/dist/bench/${name}`;
  const { deno, denort } = await build();
  const env = { ...denoEnv(), ...(denort && { DENORT_BIN: denort }) };
  const source = `bench/programs/${name}.ts`;
  const flags = ["--quiet", "--no-config", "--no-check", "--allow-net"];
  say(`building dist/bench/${name}`);
  await runQuietly([deno, "compile", ...flags, "--output", target, source], { env });
  return target;
}

/** Waits until a server answers. */
async function peer(
  name: string,
  port: number,
  running: Running,
  answers: (port: number) => Promise<boolean>,
): Promise<Peer> {
  try {
    await until(() => answers(port), name);
  } catch (error) {
    await running.stop();
    throw error;
  }
  const { pid, command, stop } = running;
  return { name, port, pid, command, [Symbol.asyncDispose]: stop };
}

async function answersResp(port: number): Promise<boolean> {
  return /^\$/.test(await askRedis(port, "*2\r\n$3\r\nGET\r\n$4\r\nnone\r\n"));
}

async function answersHttp(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/GET/none.txt`);
  await response.body?.cancel();
  return true;
}
