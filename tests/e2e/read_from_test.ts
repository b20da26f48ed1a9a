/** Reads from replicas: fresh as promised, whatever happens to the replica and the stream to it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { askSentinel, startSentinelSet } from "../../tools/sentinels.ts";
import { RawClient, request } from "../support/client.ts";
import { Failover, pause, type Verdict } from "../support/failover.ts";
import { adminPortOf, COMMAND, startProxy } from "../support/proxy.ts";
import { Relay } from "../support/relay.ts";
import { type Replicated, replicated } from "../support/replicated.ts";
import { ask, callsOf, curl, figure, redisCli, run, until } from "../support/serving.ts";

const LEASE = 600;
const ARGS = ["--read-from", "replica", "--lease", `${LEASE}ms`];

/** A proxy that reads from the replica already. */
async function reading({ master }: Replicated, args: readonly string[] = ARGS) {
  const proxy = await startProxy(master.port, args);
  await until(() => readsReplica(proxy.port));
  return proxy;
}

async function readsReplica(port: number): Promise<boolean> {
  const info = await redisCli(port, "INFO", "cache");
  return info.includes("read_from_now:replica") && !info.includes("replica_proven_age_ms:-1");
}

/** Readers and writers through a proxy, and a fault meanwhile. */
async function underLoad(
  set: Replicated,
  fault: (load: Failover, port: number) => Promise<void>,
): Promise<Verdict> {
  await using proxy = await reading(set);
  const load = new Failover(proxy.port, set.master.port, () => Promise.resolve([set.master.port]));
  await until(() => load.successes.length > 30);
  await fault(load, proxy.port);
  const before = load.successes.length;
  await until(() => load.successes.length > before + 30);
  return await load.end();
}

function check({ reads, worst, lostFromSight, ownWrites, own, reader }: Verdict): void {
  assert(reads > 200 && ownWrites > 60, `${reads} reads, ${ownWrites} writes`);
  assert(worst <= LEASE + 100, `a read was ${worst} ms behind`);
  assertEquals(lostFromSight, 0);
  assertEquals([own.errors, reader.errors, own.reconnects], [0, 0, 0], [...own.messages].join());
}

Deno.test("a pipeline passes to the master in few writes, and reads what it has written before", async () => {
  await using set = await replicated();
  await using proxy = await reading(set);
  set.stream.lag = 50;
  using client = await RawClient.connect(proxy.port);
  const reads = async () => {
    const stats = await redisCli(set.master.port, "INFO", "stats");
    return Number(/total_reads_processed:(\d+)/.exec(stats)?.[1]);
  };
  const sets = (value: number) =>
    Array.from({ length: 96 }, (_, at) => request("SET", `k${at}`, `${value}`)).join("");
  await client.exchange(sets(0), 5 * 96);
  const before = await reads();
  await client.exchange(sets(1), 5 * 96);
  assert(await reads() - before < 40);
  for (let round = 2; round < 5; round++) {
    const last = request("INCR", "n") + request("GET", "k95") + request("GET", "n");
    const wanted = `${"+OK\r\n".repeat(96)}:${round - 1}\r\n$1\r\n${round}\r\n$1\r\n${
      round - 1
    }\r\n`;
    assertEquals(await client.exchange(sets(round) + last, wanted.length), wanted);
  }
});

Deno.test("reads go to the replica and are cached, and its announcements drop them", async () => {
  await using set = await replicated();
  await ask(set.master.port, "SET", "k", "1");
  await using proxy = await reading(set);
  const masterReads = await callsOf(set.master.port, "getrange");
  const before = await callsOf(set.replica.port, "getrange");
  assertEquals(await redisCli(proxy.port, "GET", "k"), "1\n");
  assertEquals(await redisCli(proxy.port, "GET", "k"), "1\n");
  assertEquals(await callsOf(set.replica.port, "getrange"), before + 1);
  assertEquals(await callsOf(set.master.port, "getrange"), masterReads);
  await ask(set.master.port, "SET", "k", "2");
  await until(async () => await redisCli(proxy.port, "GET", "k") === "2\n", LEASE);
  await ask(set.master.port, "FLUSHALL");
  await until(async () => await redisCli(proxy.port, "GET", "k") === "\n", LEASE);
  await ask(set.master.port, "SET", "short", "1", "PX", "300");
  await until(async () => await redisCli(proxy.port, "GET", "short") === "1\n", 300);
  await pause(300);
  assertEquals(await redisCli(proxy.port, "GET", "short"), "\n");
});

Deno.test("by default, a replica gets no reads", async () => {
  await using set = await replicated();
  const before = await callsOf(set.replica.port, "getrange");
  await using proxy = await startProxy(set.master.port);
  assertEquals(await redisCli(proxy.port, "GET", "k"), "\n");
  assertEquals(await callsOf(set.replica.port, "getrange"), before);
  assert(!(await redisCli(proxy.port, "INFO", "cache")).includes("replica"));
});

Deno.test("20,000 times, a client reads what it has written, from a replica that lags", async () => {
  await using set = await replicated();
  set.stream.lag = 3;
  await using proxy = await reading(set);
  let stale = 0;
  const clients = Array.from({ length: 40 }, async (_, number) => {
    using client = await RawClient.connect(proxy.port);
    const get = async (key: string) => {
      await client.send(request("GET", key));
      return await client.until("\r\n") === "$-1\r\n" ? null : (await client.until("\r\n")).trim();
    };
    for (let value = 0; value < 500; value++) {
      const key = `own:${number}:${value % 3}`;
      // A write of each kind: its keys are named, or not, or it is in a transaction.
      const write = value % 50 === 7
        ? request("EVAL", `return redis.call("SET", "${key}", ARGV[1])`, "0", `${value}`)
        : request("SET", key, `${value}`);
      assertEquals(await client.exchange(write, 5), "+OK\r\n");
      if (await get(key) !== `${value}`) stale++;
    }
  });
  await Promise.all(clients);
  assertEquals(stale, 0);
  // Not all of them went to the master because the replica was useless.
  await until(async () => {
    await redisCli(proxy.port, "GET", "own:1:1");
    return await figure(proxy.port, "replica_reads") > 0;
  });
});

Deno.test("the stream to the replica stands still: reads go to the master, and back when it flows", async () => {
  await using set = await replicated();
  check(
    await underLoad(set, async (_, port) => {
      set.stream.stall();
      await until(async () => !await readsReplica(port));
      await pause(LEASE);
      set.stream.flow();
      await until(() => readsReplica(port), 20 * LEASE);
    }),
  );
});

Deno.test("the replica freezes: reads go on from the master within the time that a client waits", async () => {
  await using set = await replicated();
  let longest = 0;
  check(
    await underLoad(set, async (_, port) => {
      set.replica.kill("SIGSTOP");
      const end = performance.now() + 2 * LEASE;
      for (let read = 0; performance.now() < end; read++) {
        const begun = performance.now();
        assertEquals(await ask(port, "GET", `never:${read}`), "$-1");
        longest = Math.max(longest, performance.now() - begun);
      }
      set.replica.kill("SIGCONT");
    }),
  );
  assert(longest < 900, `a read took ${longest} ms`);
});

Deno.test("the replica is killed: no request fails", async () => {
  await using set = await replicated();
  check(
    await underLoad(set, async () => {
      set.replica.kill("SIGKILL");
      await set.replica.exited;
    }),
  );
});

Deno.test("the replica becomes a master of its own: it is left, and its values are not served", async () => {
  await using set = await replicated();
  await ask(set.master.port, "SET", "k", "right");
  await using proxy = await reading(set);
  assertEquals(await redisCli(proxy.port, "GET", "k"), "right\n");
  await ask(set.replica.port, "REPLICAOF", "NO", "ONE");
  await until(async () =>
    await redisCli(proxy.port, "INFO", "cache").then((info) =>
      info.includes("read_from_now:master")
    )
  );
  await ask(set.replica.port, "SET", "k", "wrong");
  for (let read = 0; read < 20; read++) {
    assertEquals(await redisCli(proxy.port, "GET", "k"), "right\n");
    await pause(LEASE / 20);
  }
  await proxy.process.logged(
    /Reads go to the master: there is no replica to use.*no connected replica/,
  );
});

Deno.test("the master is killed: hits end with the lease, and reads fail as they do without replicas", async () => {
  await using set = await replicated();
  await ask(set.master.port, "SET", "k", "v");
  await using proxy = await reading(set, [...ARGS, "--admin-port", "0"]);
  const admin = await adminPortOf(proxy);
  assertEquals(await redisCli(proxy.port, "GET", "k"), "v\n");
  assertEquals((await curl(admin, "/readyz")).trim(), "ready");
  set.master.kill("SIGKILL");
  await set.master.exited;
  await pause(LEASE);
  await until(async () => (await ask(proxy.port, "GET", "k")).startsWith("-ORIGINDOWN"), LEASE);
  assert((await curl(admin, "/readyz")).trim() !== "ready");
});

Deno.test("a read that must be fresh goes to the master, and later reads are not older", async () => {
  await using set = await replicated();
  await ask(set.master.port, "SET", "k", "old");
  await using proxy = await reading(set, ["--read-from", "replica", "--lease", "5s"]);
  using client = await RawClient.connect(proxy.port);
  const get = async () => {
    await client.send(request("GET", "k"));
    await client.until("\r\n");
    return (await client.until("\r\n")).trim();
  };
  assertEquals(await get(), "old");
  set.stream.stall();
  await ask(set.master.port, "SET", "k", "new");
  assertEquals(await get(), "old");
  for (const freshness of ["fenced", "forced"]) {
    assertEquals(await client.exchange(request("PROXY", "FRESHNESS", freshness), 5), "+OK\r\n");
    assertEquals(await get(), "new");
  }
  assertEquals(await client.exchange(request("PROXY", "FRESHNESS", "cached"), 5), "+OK\r\n");
  assertEquals(await get(), "new");
  set.stream.flow();
});

Deno.test("a read behind another command in a pipeline is not newer than the next read", async () => {
  await using set = await replicated();
  await ask(set.master.port, "SET", "k", "old");
  await using proxy = await reading(set, ["--read-from", "replica", "--lease", "5s"]);
  using client = await RawClient.connect(proxy.port);
  assertEquals(await client.exchange(request("GET", "k"), 9), "$3\r\nold\r\n");
  set.stream.stall();
  await ask(set.master.port, "SET", "k", "new");
  await client.send(request("INCR", "count") + request("GET", "k"));
  const first = await client.text(4 + 9);
  const second = await client.exchange(request("GET", "k"), 9);
  assertEquals(second, first.slice(4));
  set.stream.flow();
});

Deno.test("a failover behind sentinels: reads follow the master and its replicas, at most a lease old", async () => {
  await using set = await startSentinelSet();
  const args = ["--redis-url", set.url, "--read-from", "replica", "--lease", `${LEASE}ms`];
  await using proxy = await startProxy(null, args);
  await until(() => readsReplica(proxy.port));
  const named = async () => {
    const answers = await Promise.all(
      set.sentinels.map(({ port }) =>
        askSentinel(port, `SENTINEL GET-MASTER-ADDR-BY-NAME ${set.name}`).catch(() => "")
      ),
    );
    return answers.flatMap((answer) => /\r\n(\d+)\r\n$/.exec(answer)?.slice(1).map(Number) ?? []);
  };
  const load = new Failover(proxy.port, set.master.port, named);
  await until(() => load.successes.length > 30);
  await askSentinel(set.sentinels[0]!.port, `SENTINEL FAILOVER ${set.name}`);
  await until(() => load.master === set.replica.port, 20_000);
  const before = load.successes.length;
  await until(() => load.successes.length > before + 100, 20_000);
  const { worst, lostFromSight, reads } = await load.end();
  assert(reads > 200 && worst <= LEASE + 100, `a read was ${worst} ms behind`);
  assertEquals(lostFromSight, 0);
});

Deno.test("a selected database is read from the replica too, and shows its own writes", async () => {
  await using set = await replicated();
  set.stream.lag = 5;
  await using proxy = await reading(set);
  using client = await RawClient.connect(proxy.port);
  assertEquals(await client.exchange(request("SELECT", "3"), 5), "+OK\r\n");
  for (let value = 100; value < 200; value++) {
    assertEquals(await client.exchange(request("SET", "k", `${value}`), 5), "+OK\r\n");
    assertEquals(await client.exchange(request("GET", "k"), 9), `$3\r\n${value}\r\n`);
  }
  const before = await callsOf(set.replica.port, "getrange");
  await until(async () => {
    await client.exchange(request("GET", "k"), 9);
    return await callsOf(set.replica.port, "getrange") > before;
  });
});

Deno.test("of two replicas, the other is read when the first is lost", async () => {
  await using set = await replicated();
  await using second = await startRedisServer({
    args: ["--replicaof", "127.0.0.1", `${set.master.port}`],
  });
  await until(async () => await redisCli(second.port, "GET", "synchronized") === "1\n");
  await using proxy = await reading(set);
  const present = () => figure(proxy.port, "replica:127.0.0.1");
  const port = await present();
  const first = [set.replica, second].find((one) => one.port === port)!;
  first.kill("SIGKILL");
  await first.exited;
  const other = first === second ? set.replica : second;
  await until(async () => await readsReplica(proxy.port) && await present() === other.port);
  assertEquals(await ask(proxy.port, "GET", "k"), "$-1");
});

Deno.test("with --read-from nearest, a replica is read if the master is farther away", async () => {
  await using set = await replicated();
  using relay = new Relay(() => set.master.port);
  relay.delay("data", () => 20);
  const args = ["--read-from", "nearest", "--lease", "2s"];
  await using proxy = await startProxy(relay.port, args);
  await until(() => readsReplica(proxy.port));
  await proxy.process.logged(new RegExp(`Reads go to a replica.*127.0.0.1:${set.replica.port}`));
  assertEquals(await ask(proxy.port, "SET", "k", "v"), "+OK");
  assertEquals(await redisCli(proxy.port, "GET", "k"), "v\n");
});

Deno.test("the check says whether there are replicas to read from", async () => {
  await using set = await replicated();
  const check = async (port: number, ...args: string[]) => {
    const all = [...COMMAND.slice(1), "check", "--port", "0", "--redis-port", `${port}`, ...args];
    return (await run(COMMAND[0]!, all)).stdout;
  };
  assertMatch(await check(set.master.port, "--read-from", "replica"), /Connected to this Redis: 1/);
  const alone = await check(set.replica.port, "--read-from", "nearest");
  assertMatch(alone, /This Redis is a replica itself: reads go to it/);
  assert(!(await check(set.master.port)).includes("replicas"));
});

Deno.test("INFO, metrics and explain show where reads go", async () => {
  await using set = await replicated();
  await using proxy = await reading(set, [...ARGS, "--admin-port", "0"]);
  await redisCli(proxy.port, "GET", "k");
  assertMatch(await redisCli(proxy.port, "PROXY", "EXPLAIN", "k"), /read-at\nreplica/);
  await redisCli(proxy.port, "SET", "k", "v");
  const info = await redisCli(proxy.port, "INFO", "cache");
  assertMatch(
    info,
    new RegExp(`read_from:replica\\r\\n.*replica:127.0.0.1:${set.replica.port}`, "s"),
  );
  const metrics = await curl(await adminPortOf(proxy), "/metrics");
  assertMatch(metrics, /^redis_proxy_role_reads_total\{role="replica"\} \d/m);
  assertMatch(metrics, /^redis_proxy_read_from\{role="replica"\} 1/m);
  assertMatch(metrics, /^redis_proxy_replica_proven_age_seconds 0\.\d/m);
});
