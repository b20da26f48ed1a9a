// A temporary Redis Cluster on loopback, for `make run --redis cluster` and tests: masters with a
// replica each. Each process has its own folder and is ended by its handle.
import { type RedisServer, startRedisServer } from "./redis_server.ts";
import { SLOTS } from "../src/core/slot.ts";
import { Connection } from "../src/origin/wire/connection.ts";
import type { Reply } from "../src/origin/wire/reply.ts";

export interface ClusterOptions {
  /** Default: 3. */
  masters?: number;
  /** Replicas of each master. Default: 1. */
  replicas?: number;
  /** After how much silence a node counts as failed, in milliseconds. Default: 2000. */
  nodeTimeout?: number;
  /** The server. Default: redis-server on PATH. */
  program?: string;
  detached?: boolean;
  /** Whether each node connects to others from an address of its own (Redis 7, Linux). */
  areApart?: boolean;
}

/** A node of the cluster. */
export interface ClusterServer {
  server: RedisServer;
  port: number;
  id: string;
  /** The address that its connections to other nodes come from. */
  source: string;
  /** Sends it a command. */
  call(...words: string[]): Promise<Reply>;
  /** Kills it, and starts it again: as the same node, without keys. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface Cluster extends AsyncDisposable {
  /** The masters at the start, by their slots. */
  masters: ClusterServer[];
  replicas: ClusterServer[];
  /** redis://host:port,host:port,... */
  url: string;
}

const HOST = "127.0.0.1";
const START_MS = 30_000;

/** The port of the bus is that many above the port of the node. */
export const BUS = 10_000;

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { masters: count = 3, replicas: each = 1 } = options;
  const started: ClusterServer[] = [];
  const dispose = async () => {
    await Promise.all(started.map((node) => node.stop()));
  };
  try {
    for (let index = 0; index < count * (1 + each); index++) {
      started.push(await startNode(options, started.length));
    }
    const masters = started.slice(0, count);
    const replicas = started.slice(count);
    for (const [index, master] of masters.entries()) {
      const [first, last] = [index, index + 1].map((at) => Math.floor(at * SLOTS / count));
      await master.call("CLUSTER", "ADDSLOTSRANGE", `${first}`, `${last! - 1}`);
      await master.call("CLUSTER", "SET-CONFIG-EPOCH", `${index + 1}`);
    }
    for (const node of started.slice(1)) {
      await node.call("CLUSTER", "MEET", HOST, `${started[0]!.port}`);
    }
    const knowsAll = async (node: ClusterServer) =>
      String(await node.call("CLUSTER", "NODES")).trim().split("\n").length === started.length;
    await until(async () => (await Promise.all(started.map(knowsAll))).every(Boolean));
    for (const [index, replica] of replicas.entries()) {
      const master = masters[index % count]!;
      await until(async () => (await replica.call("CLUSTER", "REPLICATE", master.id)) === "OK");
    }
    await until(async () => {
      const states = await Promise.all(started.map((node) => node.call("CLUSTER", "INFO")));
      return states.every((one) => String(one).includes("cluster_state:ok"));
    });
    await until(async () => {
      const roles = await Promise.all(
        replicas.map((node) => node.call("ROLE") as Promise<Reply[]>),
      );
      return roles.every((role) => role[0] === "slave" && role[3] === "connected");
    });
    const url = `redis://${masters.map(({ port }) => `${HOST}:${port}`).join(",")}`;
    return { masters, replicas, url, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function startNode(
  options: ClusterOptions,
  index: number,
): Promise<ClusterServer> {
  const { nodeTimeout = 2000, program = "redis-server", detached = false } = options;
  const source = options.areApart ? `127.0.1.${index + 1}` : HOST;
  let port = somePort();
  while (![port, port + BUS].every(isFree)) port = somePort();
  const folder = await Deno.makeTempDir({ prefix: "redis-node-" });
  const start = () =>
    startRedisServer({
      port,
      program,
      detached,
      args: [
        ...["--cluster-enabled", "yes", "--cluster-config-file", `${folder}/nodes.conf`],
        ...["--cluster-node-timeout", `${nodeTimeout}`, "--repl-diskless-sync-delay", "0"],
        ...["--cluster-replica-validity-factor", "0"],
        ...(source === HOST ? [] : apart(source)),
      ],
    });
  const call = (...words: string[]) => callAt(port, words);
  const server = await start();
  const node: ClusterServer = {
    server,
    port,
    source,
    id: String(await call("CLUSTER", "MYID")),
    call,
    async restart() {
      node.server.kill("SIGKILL");
      await node.server.stop();
      node.server = await start();
    },
    async stop() {
      await node.server.stop();
      await Deno.remove(folder, { recursive: true }).catch(() => {});
    },
  };
  return node;
}

/** In protected mode, Redis takes no connections from other addresses of loopback. */
function apart(source: string): string[] {
  const announced = ["--cluster-announce-ip", HOST];
  return ["--bind-source-addr", source, ...announced, "--protected-mode", "no"];
}

/** A port that neither it nor that of its bus is one that the system gives to clients (from 32768). */
function somePort(): number {
  return 11_000 + Math.floor(Math.random() * 10_000);
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: HOST, port }).close();
    return true;
  } catch {
    return false;
  }
}

/** Sends one command over a connection of its own. */
async function callAt(port: number, words: string[]): Promise<Reply> {
  const connection = new Connection(await Deno.connect({ hostname: HOST, port }));
  const limit = setTimeout(() => connection.close("no answer within a second"), 1000);
  try {
    return await connection.call(...words);
  } finally {
    clearTimeout(limit);
    connection.close("asked");
  }
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (!await isTrue().catch(() => false)) {
    if (Date.now() > deadline) throw new Error(`not within ${START_MS} ms: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
