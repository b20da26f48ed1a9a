/** Reads from the replicas of a cluster: what is read where, and what the proxy says of it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type ClusterServer, startCluster } from "../../tools/cluster.ts";
import { ClusterClient } from "../support/cluster_client.ts";
import { awake, keysOf, LEASE, reading, readsAt, replicaGet } from "../support/cluster_reads.ts";
import { adminPortOf, COMMAND, startProxy } from "../support/proxy.ts";
import { Stream } from "../support/replicated.ts";
import { ask, curl, figure, redisCli, run, until } from "../support/serving.ts";

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
