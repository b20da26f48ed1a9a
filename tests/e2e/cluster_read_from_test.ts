/** Reads from the replicas of a cluster: fresh as promised, whatever happens to them and to slots. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { slotOf, SLOTS } from "../../src/core/slot.ts";
import { type Cluster, type ClusterServer, startCluster } from "../../tools/cluster.ts";
import { RawClient, request } from "../support/client.ts";
import { ClusterClient } from "../support/cluster_client.ts";
import { OrdinaryClient, pause } from "../support/failover.ts";
import { adminPortOf, COMMAND, type RunningProxy, startProxy } from "../support/proxy.ts";
import { Stream } from "../support/replicated.ts";
import { ask, callsOf, curl, figure, redisCli, run, until } from "../support/serving.ts";

const LEASE = 1500;

/** A proxy in front of a cluster that reads from a replica of each master already. */
async function reading(cluster: Cluster, ...args: string[]): Promise<RunningProxy> {
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
async function awake(port: number, key: string): Promise<void> {
  await until(async () => {
    await redisCli(port, "GET", `{${key}}:first`);
    return /read-at\nreplica/.test(await redisCli(port, "PROXY", "EXPLAIN", key));
  }, 20 * LEASE);
}

/** Whether replicas of so many masters are proven. */
async function readsReplicas(port: number, count: number): Promise<boolean> {
  const info = await redisCli(port, "INFO", "cache");
  const lines = info.match(/read_from_now=replica,replica=\S+,replica_proven_age_ms=\d/g) ?? [];
  return lines.length === count && await figure(port, "cluster_nodes_confirmed") >= count;
}

/** A key in a slot of each master. */
function keysOf(cluster: Cluster): string[] {
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
class Judge {
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
async function underLoad(
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

const readsAt = (node: ClusterServer) => callsOf(node.port, "getrange");

Deno.test("reads in a cluster go to a replica of the slot's master", async (t) => {
  await using cluster = await startCluster();
  await using proxy = await reading(cluster, "--admin-port", "0");
  const keys = keysOf(cluster);
  const { masters, replicas } = cluster;

  await t.step("of each master, and what it announces drops the cached value", async () => {
    const direct = new ClusterClient(masters.map(({ port }) => port));
    for (const [at, key] of keys.entries()) {
      assertEquals(await direct.call("SET", key, "1"), "OK");
      await until(async () => String(await replicaGet(replicas[at]!, key)) === "1");
      const before = [await readsAt(masters[at]!), await readsAt(replicas[at]!)];
      assertEquals(await redisCli(proxy.port, "GET", key), "1\n");
      assertEquals(await redisCli(proxy.port, "GET", key), "1\n");
      const after = [await readsAt(masters[at]!), await readsAt(replicas[at]!)];
      assertEquals(after, [before[0]!, before[1]! + 1]);
      await direct.call("SET", key, "2");
      await until(async () => await redisCli(proxy.port, "GET", key) === "2\n", LEASE);
      await direct.call("DEL", key);
      await until(async () => await redisCli(proxy.port, "GET", key) === "\n", LEASE);
    }
    direct.close();
  });

  await t.step("a missing key is asked for at the master as well, and is a hit then", async () => {
    const [key] = keys as [string];
    const missing = `{${key}}:missing`;
    const before = [await readsAt(masters[0]!), await readsAt(replicas[0]!)];
    assertEquals(await redisCli(proxy.port, "GET", missing), "\n");
    assertEquals(await redisCli(proxy.port, "GET", missing), "\n");
    const after = [await readsAt(masters[0]!), await readsAt(replicas[0]!)];
    assertEquals(after, [before[0]! + 1, before[1]! + 1]);
    await masters[0]!.call("SET", missing, "born");
    await until(async () => await redisCli(proxy.port, "GET", missing) === "born\n", 300);
  });

  await t.step("a large value comes from the replica, too", async () => {
    const [key] = keys as [string];
    const value = "x".repeat(700_000);
    assertEquals(await masters[0]!.call("SET", key, value), "OK");
    await until(async () => String(await replicaGet(replicas[0]!, key)) === value);
    const before = await readsAt(replicas[0]!);
    assertEquals((await redisCli(proxy.port, "GET", key)).length, value.length + 1);
    assert(await readsAt(replicas[0]!) > before);
  });

  await t.step("INFO, metrics and explain show it for each node", async () => {
    for (const [at, { port }] of replicas.entries()) {
      await awake(proxy.port, keys[at]!);
      const line = `name=127.0.0.1:${masters[at]!.port},.*read_from_now=replica,` +
        `replica=127.0.0.1:${port},`;
      assertMatch(await redisCli(proxy.port, "INFO", "cache"), new RegExp(line));
    }
    assert(await figure(proxy.port, "replica_reads") >= 3);
    const metrics = await curl(await adminPortOf(proxy), "/metrics");
    const node = `node="127.0.0.1:${masters[0]!.port}"`;
    assertMatch(metrics, /^redis_proxy_role_reads_total\{role="replica"\} \d/m);
    for (const gauge of ["read_from_replica", "replica_proven_age_seconds", "replica_lag_bytes"]) {
      assertMatch(metrics, new RegExp(`^redis_proxy_cluster_node_${gauge}\\{${node}\\} \\d`, "m"));
    }
    const explained = await redisCli(proxy.port, "PROXY", "EXPLAIN", keys[0]!);
    assertMatch(explained, new RegExp(`replica\\n127.0.0.1:${replicas[0]!.port}`));
  });

  await t.step("the check says whether each master has a replica", async () => {
    const all = [...COMMAND.slice(1), "check", "--port", "0", "--redis-url", cluster.url];
    // A node names a replica of another master once it has heard that the replica has data.
    await until(async () => {
      const { stdout } = await run(COMMAND[0]!, [...all, "--read-from", "replica"]);
      return stdout.includes("Each of 3 masters has a replica");
    });
  });

  await t.step("own writes are seen, with replicas that lag", async () => {
    for (const replica of replicas) replica.server.kill("SIGSTOP");
    const resume = (async () => {
      for (let turn = 0; turn < 30; turn++) {
        for (const replica of replicas) replica.server.kill("SIGCONT");
        await pause(5);
        for (const replica of replicas) replica.server.kill("SIGSTOP");
        await pause(15);
      }
      for (const replica of replicas) replica.server.kill("SIGCONT");
    })();
    let stale = 0, writes = 0;
    let isOver = false;
    const clients = Array.from({ length: 12 }, async (_, number) => {
      using client = await RawClient.connect(proxy.port);
      for (let value = 0; !isOver; value++) {
        const key = `{${keys[value % 3]}}:own:${number}`;
        const write = value % 20 === 7
          ? request("EVAL", `return redis.call("SET", KEYS[1], ARGV[1])`, "1", key, `${value}`)
          : request("SET", key, `${value}`);
        assertEquals(await client.exchange(write, 5), "+OK\r\n");
        await client.send(request("GET", key));
        await client.until("\r\n");
        if (await client.until("\r\n") !== `${value}\r\n`) stale++;
        writes++;
      }
    });
    await resume;
    isOver = true;
    await Promise.all(clients);
    assertEquals(stale, 0);
    assert(writes > 200, `${writes}`);
    await until(() => readsReplicas(proxy.port, 3), 20 * LEASE);
  });

  await t.step("a replica that stands still is left, and read again when it goes on", async () => {
    await underLoad(cluster, proxy, async () => {
      replicas[0]!.server.kill("SIGSTOP");
      await until(async () => !await readsReplicas(proxy.port, 3));
      await pause(LEASE);
      replicas[0]!.server.kill("SIGCONT");
      await until(() => readsReplicas(proxy.port, 3), 20 * LEASE);
    });
  });

  await t.step("slots that move away and back, while their keys are read", async () => {
    const [key] = keys as [string];
    await underLoad(cluster, proxy, async (judge) => {
      for (const [from, to] of [[0, 1], [1, 2], [2, 0]] as const) {
        await move(masters[from]!, masters[to]!, slotOf(key), masters);
        await judge.more(60);
      }
    });
  });
});

async function replicaGet({ port }: ClusterServer, key: string): Promise<unknown> {
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
async function move(
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

Deno.test("failovers and lost replicas in a cluster, while its keys are read", async (t) => {
  await using cluster = await startCluster();
  await using proxy = await reading(cluster);
  const { replicas } = cluster;

  await t.step(
    "the replica that is read becomes the master, and the master a replica",
    async () => {
      await underLoad(cluster, proxy, async () => {
        assertEquals(await replicas[0]!.call("CLUSTER", "FAILOVER"), "OK");
        await until(async () => String(await replicas[0]!.call("ROLE")).startsWith("master"), 5000);
        await until(async () => {
          const info = await redisCli(proxy.port, "INFO", "cache");
          const { masters: [old] } = cluster;
          return new RegExp(
            `name=127.0.0.1:${replicas[0]!.port},.*read_from_now=replica,` +
              `replica=127.0.0.1:${old!.port},`,
          ).test(info);
        }, 20 * LEASE);
      });
    },
  );

  await t.step("a master stands still: its replica is read meanwhile", async () => {
    const [, tag] = keysOf(cluster) as [string, string];
    const keys = Array.from({ length: 20 }, (_, at) => `{${tag}}:still:${at}`);
    for (const key of keys) assertEquals(await cluster.masters[1]!.call("SET", key, "v"), "OK");
    await until(async () => await replicaGet(replicas[1]!, keys.at(-1)!) === "v");
    await awake(proxy.port, tag);
    const before = await readsAt(replicas[1]!);
    cluster.masters[1]!.server.kill("SIGSTOP");
    using client = await RawClient.connect(proxy.port);
    for (const key of keys) {
      assertEquals(await client.exchange(request("GET", key), 7), "$1\r\nv\r\n");
      await pause(LEASE / 4 / keys.length);
    }
    cluster.masters[1]!.server.kill("SIGCONT");
    assertEquals(await readsAt(replicas[1]!), before + keys.length);
    await awake(proxy.port, tag);
  });

  await t.step("a replica is killed: no request fails, and reads go to its master", async () => {
    using client = await RawClient.connect(proxy.port);
    await underLoad(cluster, proxy, async () => {
      replicas[1]!.server.kill("SIGKILL");
      await replicas[1]!.server.exited;
      for (let read = 0; read < 200; read++) {
        const key = `{${keysOf(cluster)[1]}}:never:${read}`;
        assertEquals(await client.exchange(request("GET", key), 5), "$-1\r\n");
      }
    });
    const explained = await redisCli(proxy.port, "PROXY", "EXPLAIN", keysOf(cluster)[1]!);
    assertMatch(explained, /read-at\nmaster/);
  });

  await t.step("all replicas are killed: all reads go to the masters, and are cached", async () => {
    await underLoad(cluster, proxy, async () => {
      for (const node of [cluster.masters[0]!, replicas[2]!]) {
        node.server.kill("SIGKILL");
        await node.server.exited;
      }
      await until(() => readsReplicas(proxy.port, 0));
    });
    const [key] = keysOf(cluster) as [string];
    await redisCli(proxy.port, "GET", key);
    const before = await readsAt(replicas[0]!);
    await redisCli(proxy.port, "GET", key);
    assertEquals(await readsAt(replicas[0]!), before);
    assertEquals(await ask(proxy.port, "SET", key, "v"), "+OK");
    assertEquals(await redisCli(proxy.port, "GET", key), "v\n");
    await proxy.process.logged(/Reads go to the master: there is no replica to use/);
  });
});

Deno.test("by default, the replicas of a cluster get no reads", async () => {
  await using cluster = await startCluster();
  await using proxy = await startProxy(null, ["--redis-url", cluster.url]);
  const before = await Promise.all(cluster.replicas.map(readsAt));
  for (const key of keysOf(cluster)) assertEquals(await ask(proxy.port, "GET", key), "$-1");
  assertEquals(await Promise.all(cluster.replicas.map(readsAt)), before);
  assert(!(await redisCli(proxy.port, "INFO", "cache")).includes("replica"));
});

Deno.test("with --read-from nearest, a replica is read where the master is farther away", async () => {
  await using cluster = await startCluster();
  const [master, other] = cluster.masters as [ClusterServer, ClusterServer];
  using way = new Stream(master.port);
  way.lag = 15;
  await master.call("CONFIG", "SET", "cluster-announce-bus-port", `${master.port + 10_000}`);
  await master.call("CONFIG", "SET", "cluster-announce-port", `${way.port}`);
  const [far] = keysOf(cluster) as [string];
  await master.call("SET", `{${far}}:first`, "1");
  // All know the place of the master, and that of its replica.
  await until(async () => {
    const slots = JSON.stringify(await other.call("CLUSTER", "SLOTS"));
    return slots.includes(`${way.port}`) && slots.includes(`${cluster.replicas[0]!.port}`);
  }, 20_000);
  const url = `redis://127.0.0.1:${other.port},127.0.0.1:${cluster.masters[2]!.port}`;
  const args = ["--redis-url", url, "--lease", "3s", "--read-from", "nearest"];
  await using proxy = await startProxy(null, args);
  await awake(proxy.port, far);
  const choice = `master=127.0.0.1:${way.port} redis=127.0.0.1:${cluster.replicas[0]!.port}`;
  await proxy.process.logged(new RegExp(`Reads go to a replica read-from=nearest ${choice}`));
  assertEquals(await ask(proxy.port, "SET", far, "v"), "+OK");
  assertEquals(await redisCli(proxy.port, "GET", far), "v\n");
});
