/** Reads from the replicas of a cluster are as fresh as promised, whatever happens to nodes and slots. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { slotOf } from "../../src/core/slot.ts";
import { startCluster } from "../../tools/cluster.ts";
import { RawClient, request } from "../support/client.ts";
import {
  awake,
  keysOf,
  LEASE,
  move,
  reading,
  readsAt,
  readsReplicas,
  replicaGet,
  underLoad,
} from "../support/cluster_reads.ts";
import { pause } from "../support/failover.ts";
import { ask, redisCli, until } from "../support/serving.ts";

Deno.test("replicas that lag or stand still, and slots that move, while keys are read", async (t) => {
  await using cluster = await startCluster();
  await using proxy = await reading(cluster);
  const keys = keysOf(cluster);
  const { masters, replicas } = cluster;

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
