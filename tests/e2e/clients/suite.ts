/**
 * Runs all steps of one client against its own proxies: one that is open, and one with a
 * password. Used by the tests, and by the tool that writes the table in docs/redis-commands.md.
 *
 * @module
 */
import { type RedisServer, startRedisServer } from "../../../tools/redis_server.ts";
import { RawClient, request } from "../../support/client.ts";
import { type RunningProxy, startProxy } from "../../support/proxy.ts";
import { type Client, connectionsOf, labelsOf } from "./catalogue.ts";

/** The steps of each client on each connection; see drivers/steps.ts. */
export const STEPS = [
  "connect",
  "PING",
  "session",
  "GET hit",
  "GET miss",
  "binary value",
  "1 MiB value",
  "MGET",
  "pipeline of 1000",
  "unknown command",
  "reconnect",
] as const;

/** The result of one step. */
export interface Result {
  /** The connection: `resp3-password`. */
  readonly label: string;
  readonly step: string;
  /** Why it failed; null if it passed. */
  readonly why: string | null;
}

const PASSWORD = "correct-horse";
const LIMIT = 90_000;
const LARGE = "0123456789abcdef".repeat(65_536);
const BINARY = String.fromCharCode(...Array(256).keys()) + "\r\n";

/** Stores the keys that the drivers read. */
export async function fill(redis: RedisServer): Promise<void> {
  const pairs: Record<string, string> = { hit: "value", binary: BINARY, large: LARGE };
  for (let number = 0; number < 1000; number++) pairs[`key:${number}`] = `value:${number}`;
  using client = await RawClient.connect(redis.port);
  await client.exchange(request("MSET", ...Object.entries(pairs).flat()), "+OK\r\n".length);
}

/** Runs a client; returns a result for every step of every connection. */
export async function runClient(client: Client): Promise<Result[]> {
  await using redis = await startRedisServer();
  await fill(redis);
  await using proxies = await Proxies.start(redis.port);
  const scratch = await Deno.makeTempDir({ prefix: "redis-proxy-client-" });
  try {
    const [program, ...args] = client.command as [string, ...string[]];
    const places = { open: proxies.open, guarded: proxies.guarded, password: PASSWORD };
    const driver = new Deno.Command(program, {
      args: [...args, ...connectionsOf(client, places)],
      env: { SCRATCH: scratch },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const limit = setTimeout(() => driver.kill("SIGKILL"), LIMIT);
    const complaints = new Response(driver.stderr).text();
    const lines = await follow(driver, () => proxies.restart());
    await driver.status;
    clearTimeout(limit);
    return resultsOf(client, lines, (await complaints).trim());
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

/** Collects a driver's lines, and carries out its requests. */
async function follow(driver: Deno.ChildProcess, restart: () => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  const stdin = driver.stdin.getWriter();
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of driver.stdout) {
    const parts = (text + decoder.decode(bytes, { stream: true })).split("\n");
    text = parts.pop()!;
    lines.push(...parts);
    if (parts.includes("restart")) {
      await restart();
      await stdin.write(new TextEncoder().encode("go\n"));
    }
  }
  await stdin.close().catch(() => {});
  return lines;
}

function resultsOf(client: Client, lines: string[], complaints: string): Result[] {
  return labelsOf(client).flatMap((label) =>
    STEPS.map((step) => {
      if (lines.includes(`ok ${label} ${step}`)) return { label, step, why: null };
      const failed = `not ok ${label} ${step}: `;
      const line = lines.find((line) => line.startsWith(failed));
      const why = line?.slice(failed.length) ?? `not reached; the driver said "${complaints}"`;
      return { label, step, why };
    })
  );
}

/** The two proxies of a run, which can restart on the same ports. */
class Proxies implements AsyncDisposable {
  #open!: RunningProxy;
  #guarded!: RunningProxy;

  private constructor(readonly redisPort: number) {}

  static async start(redisPort: number): Promise<Proxies> {
    const proxies = new Proxies(redisPort);
    await proxies.#start(lastingPort(), lastingPort());
    return proxies;
  }

  get open(): number {
    return this.#open.port;
  }

  get guarded(): number {
    return this.#guarded.port;
  }

  async restart(): Promise<void> {
    const { open, guarded } = this;
    await this[Symbol.asyncDispose]();
    await this.#start(open, guarded);
  }

  async #start(open: number, guarded: number): Promise<void> {
    const on = (port: number) => ["--port", `${port}`];
    this.#open = await startProxy(this.redisPort, on(open));
    const env = { RP_PASSWORD: PASSWORD };
    try {
      this.#guarded = await startProxy(this.redisPort, on(guarded), { env });
    } catch (error) {
      await this.#open[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#open, this.#guarded].map((proxy) => proxy[Symbol.asyncDispose]()));
  }
}

/**
 * A free port below the range that the system assigns, so that no other program gets it
 * while a proxy restarts.
 */
function lastingPort(): number {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
