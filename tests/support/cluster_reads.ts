/**
 * A proxy that reads from the replicas of a cluster, and a judge of what it reads.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { slotOf, SLOTS } from "../../src/core/slot.ts";
import type { Cluster, ClusterServer } from "../../tools/cluster.ts";
import { RawClient, request } from "./client.ts";
import { ClusterClient } from "./cluster_client.ts";
import { OrdinaryClient, pause } from "./failover.ts";
import { type RunningProxy, startProxy } from "./proxy.ts";
import { callsOf, figure, redisCli, until } from "./serving.ts";

export const LEASE = 1500;

/** A proxy in front of a cluster that reads from a replica of each master already. */
export async function reading(cluster: Cluster, ...args: string[]): Promise<RunningProxy> {
  // Masters name no replica that has not got anything yet.
  for (const [at, key] of keysOf(cluster).entries()) {
    await cluster.masters[at]!.call("SET", `{${key}}:first`, "1");
  }
  const all = ["--redis-url", cluster.url, "--lease", `${LEASE}ms`, "--read-from", "replica"];
  const proxy = await startProxy(null, [...all, ...args]);
  for (const key of keysOf(cluster)) await awake(proxy.port, key);
  return proxy;
}

/** Until a key is read from a replica: a master that nobody reads from rests. */
export async function awake(port: number, key: string): Promise<void> {
  await until(async () => {
    await redisCli(port, "GET", `{${key}}:first`);
    return /read-at\nreplica/.test(await redisCli(port, "PROXY", "EXPLAIN", key));
  }, 20 * LEASE);
}

/** Whether replicas of so many masters are proven. */
export async function readsReplicas(port: number, count: number): Promise<boolean> {
  const info = await redisCli(port, "INFO", "cache");
  const lines = info.match(/read_from_now=replica,replica=\S+,replica_proven_age_ms=\d/g) ?? [];
  return lines.length === count && await figure(port, "cluster_nodes_confirmed") >= count;
}

/** A key in a slot of each master. */
export function keysOf(cluster: Cluster): string[] {
  const share = SLOTS / cluster.masters.length;
  return cluster.masters.map((_, index) => {
    for (let at = 0;; at++) {
      if (Math.floor(slotOf(`key:${at}`) / share) === index) return `key:${at}`;
    }
  });
}

/** Values count up through all steps of a test. */
const firstValue = () => Math.round(performance.now());

/** Writes straight to the cluster, reads through the proxy, and judges each answer. */
export class Judge {
  readonly #direct: ClusterClient;
  readonly #reader: OrdinaryClient;
  readonly #own: OrdinaryClient;
  readonly #tasks: Promise<void>[];
  readonly #written = new Map<string, { value: number; at: number }[]>();
  #isOver = false;
  reads = 0;
  ownWrites = 0;
  /** How far a read was behind an acknowledged write, at most. */
  worst = 0;
  /** Reads that were older than what their client knew. */
  readonly back: string[] = [];

  constructor(proxy: number, cluster: Cluster, readonly keys: readonly string[]) {
    this.#direct = new ClusterClient(
      [...cluster.masters, ...cluster.replicas].map(({ port }) => port),
    );
    this.#reader = new OrdinaryClient(proxy);
    this.#own = new OrdinaryClient(proxy);
    for (const key of keys) this.#written.set(key, []);
    this.#tasks = [this.#write(), this.#read(), this.#readOwn()];
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#tasks);
    this.#direct.close();
    this.#reader.close();
    this.#own.close();
  }

  /** Waits for so many more reads. */
  async more(count: number): Promise<void> {
    const wanted = this.reads + count;
    await until(() => Promise.resolve(this.reads >= wanted), 20_000);
  }

  async #write(): Promise<void> {
    for (let value = firstValue(); !this.#isOver; value++) {
      for (const key of this.keys) {
        const begun = performance.now();
        const said = await this.#direct.call("SET", key, `${value}`);
        const at = performance.now();
        // A slow write may have been executed by a node that was replaced, and lost.
        if (said === "OK" && at - begun < 100) this.#written.get(key)!.push({ value, at });
      }
      await pause(10);
    }
  }

  async #read(): Promise<void> {
    const known = new Map<string, number>();
    while (!this.#isOver) {
      for (const key of this.keys) {
        const begun = performance.now();
        const answer = await this.#reader.call("GET", key);
        if (typeof answer !== "string") {
          if (answer === null && known.has(key)) this.back.push(`${key}: nothing`);
          continue;
        }
        this.reads++;
        const value = Number(answer);
        if (value < (known.get(key) ?? 0)) this.back.push(`${key}: ${value} of ${known.get(key)}`);
        known.set(key, value);
        const missed = this.#written.get(key)!.find((one) => one.value > value);
        if (missed !== undefined) this.worst = Math.max(this.worst, begun - missed.at);
      }
      await pause(1);
    }
  }

  async #readOwn(): Promise<void> {
    for (let value = firstValue(); !this.#isOver; value++) {
      for (const other of this.keys) {
        const key = `{${other}}:own`;
        if (await this.#own.call("SET", key, `${value}`) !== "OK") continue;
        const answer = await this.#own.call("GET", key);
        if (answer === undefined) continue;
        this.ownWrites++;
        if (Number(answer) < value) this.back.push(`own ${key}: ${answer} of ${value}`);
      }
      await pause(2);
    }
  }
}

/** Reads and writes while something happens. Returns how far reads were behind. */
export async function underLoad(
  cluster: Cluster,
  proxy: RunningProxy,
  happen: (judge: Judge) => Promise<void>,
): Promise<Judge> {
  const judge = new Judge(proxy.port, cluster, keysOf(cluster));
  await judge.more(100);
  await happen(judge);
  await judge.more(100);
  await judge.end();
  assertEquals(judge.back, []);
  assert(judge.worst <= LEASE + 100, `a read was ${judge.worst} ms behind`);
  assert(judge.ownWrites > 20, `${judge.ownWrites} own writes`);
  return judge;
}

export const readsAt = (node: ClusterServer) => callsOf(node.port, "getrange");

export async function replicaGet({ port }: ClusterServer, key: string): Promise<unknown> {
  const conn = await RawClient.connect(port);
  try {
    await conn.send(request("READONLY") + request("GET", key));
    await conn.until("\r\n");
    const length = (await conn.until("\r\n")).slice(1).trim();
    return length === "-1" ? null : (await conn.until("\r\n")).trim();
  } finally {
    conn[Symbol.dispose]();
  }
}

/** Moves a slot, key by key, with a pause in the middle. */
export async function move(
  from: ClusterServer,
  to: ClusterServer,
  slot: number,
  all: readonly ClusterServer[],
): Promise<void> {
  await to.call("CLUSTER", "SETSLOT", `${slot}`, "IMPORTING", from.id);
  await from.call("CLUSTER", "SETSLOT", `${slot}`, "MIGRATING", to.id);
  for (;;) {
    const found = await from.call("CLUSTER", "GETKEYSINSLOT", `${slot}`, "1") as string[];
    if (found.length === 0) break;
    await from.call("MIGRATE", "127.0.0.1", `${to.port}`, found[0]!, "0", "1000");
    await pause(100);
  }
  for (const node of [to, from, ...all.filter((one) => one !== to && one !== from)]) {
    await node.call("CLUSTER", "SETSLOT", `${slot}`, "NODE", to.id);
  }
}
