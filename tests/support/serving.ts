/**
 * A temporary redis-server with a proxy in front of it, and the programs that people use with them.
 *
 * @module
 */
import { type RedisServer, startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "./client.ts";
import { type RunningProxy, startProxy } from "./proxy.ts";

export interface Serving extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly proxy: RunningProxy;
  readonly port: number;
  /** Asks the redis-server itself, and returns the first line of its reply. */
  ask(...command: string[]): Promise<string>;
  /** Connects to the proxy. */
  connect(): Promise<RawClient>;
}

/** @param program The server; default: the redis-server on PATH. */
export async function serving(
  args: readonly string[] = [],
  redisArgs: string[] = [],
  program = "redis-server",
): Promise<Serving> {
  const redis = await startRedisServer({ program, args: redisArgs });
  try {
    const proxy = await startProxy(redis.port, args);
    // Resets the counts, so that `callsOf` counts reads, and not the commands of connecting.
    await ask(redis.port, "CONFIG", "RESETSTAT");
    return {
      redis,
      proxy,
      port: proxy.port,
      ask: (...command) => ask(redis.port, ...command),
      connect: () => RawClient.connect(proxy.port),
      async [Symbol.asyncDispose]() {
        await proxy[Symbol.asyncDispose]();
        await redis.stop();
      },
    };
  } catch (error) {
    await redis.stop();
    throw error;
  }
}

/** Sends one command to a RESP port and returns the first line of its reply. */
export async function ask(port: number, ...command: string[]): Promise<string> {
  using client = await RawClient.connect(port);
  await client.send(request(...command));
  return (await client.until("\r\n")).slice(0, -2);
}

/** A section of the INFO of redis-server. */
export async function infoOf(port: number, section: string): Promise<string> {
  using client = await RawClient.connect(port);
  await client.send(request("INFO", section) + request("PING"));
  return await client.until("+PONG\r\n");
}

/** How often redis-server has run a command. */
export async function callsOf(port: number, command: string): Promise<number> {
  const stats = await infoOf(port, "commandstats");
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

/** A figure of the proxy's INFO. */
export async function figure(port: number, name: string): Promise<number> {
  using client = await RawClient.connect(port);
  await client.send(request("INFO") + request("PING"));
  const info = await client.until("+PONG\r\n");
  return Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1]);
}

/** Runs a program to its end. */
export async function run(
  program: string,
  args: readonly string[],
  options: { stdin?: string } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (options.stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(options.stdin));
    await writer.close();
  }
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Peak resident memory of the process, in bytes; 0 if unknown. */
export async function peakOf(pid: number): Promise<number> {
  const { stdout } = await run("cat", [`/proc/${pid}/status`]);
  return Number(/VmHWM:\s+(\d+) kB/.exec(stdout)?.[1] ?? 0) * 1024;
}

/** The output of curl for a path; `flags` go before the address. */
export async function curl(port: number, path: string, ...flags: string[]): Promise<string> {
  const all = ["--silent", "--show-error", "--max-time", "10", "--path-as-is", ...flags];
  const { code, stdout, stderr } = await run("curl", [...all, `http://127.0.0.1:${port}${path}`]);
  if (code !== 0) throw new Error(`curl ended with ${code}: ${stderr}`);
  return stdout;
}

/** The output of redis-cli for a command. */
export async function redisCli(port: number, ...command: string[]): Promise<string> {
  const { stdout, stderr } = await run("redis-cli", ["-p", `${port}`, ...command]);
  return stdout + stderr;
}

/** Checks a condition repeatedly until it is true. */
export async function until(
  isTrue: () => Promise<boolean> | boolean,
  limit = 10_000,
): Promise<void> {
  const deadline = performance.now() + limit;
  while (!await isTrue()) {
    if (performance.now() > deadline) throw new Error(`Never became true: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
