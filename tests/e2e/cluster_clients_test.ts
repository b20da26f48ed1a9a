/** Clients that support clusters, in front of a proxy that looks like a cluster of one node. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Cluster as RedisCluster } from "ioredis";
import { slotOf } from "../../src/core/slot.ts";
import { type Cluster, startCluster } from "../../tools/cluster.ts";
import { startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { isInstalled, type Program } from "./packages/catalogue.ts";
import { type RunningProxy, startProxy } from "../support/proxy.ts";
import { redisCli, run } from "../support/serving.ts";

const KEYS = ["a", "b", "c", "{tag}1", "{tag}2"];

const REDIS_PY: Program = {
  name: "redis-py",
  command: ["/usr/bin/python3", "-B", "-c"],
  probe: ["/usr/bin/python3", "-c", "import redis.cluster"],
};

const PYTHON = `
import sys
from redis.cluster import RedisCluster
client = RedisCluster(host="127.0.0.1", port=int(sys.argv[1]), decode_responses=True)
nodes = [node.name for node in client.get_nodes()]
assert nodes == [f"127.0.0.1:{sys.argv[1]}"], nodes
assert client.mset_nonatomic({key: f"py-{key}" for key in ["a", "b", "c"]})
assert client.mget_nonatomic("a", "b", "c") == ["py-a", "py-b", "py-c"]
assert client.get("a") == "py-a"
assert client.incr("py:n") == 1 and client.delete("py:n") == 1
with client.pipeline() as pipeline:
    pipeline.set("a", "1").set("b", "2").get("a").get("b")
    results = pipeline.execute()
    assert results == [True, True, "1", "2"], results
assert client.cluster_countkeysinslot(client.cluster_keyslot("a")) == 1
print("done")
`;

async function works({ port }: RunningProxy): Promise<void> {
  const cli = async (...words: string[]) => (await redisCli(port, "-c", ...words)).trim();
  for (const key of KEYS) assertEquals(await cli("SET", key, `cli-${key}`), "OK");
  for (const key of KEYS) assertEquals(await cli("GET", key), `cli-${key}`);
  assertEquals(await cli("CLUSTER", "COUNTKEYSINSLOT", `${slotOf("{tag}1")}`), "2");
  const keys = (await cli("CLUSTER", "GETKEYSINSLOT", `${slotOf("{tag}1")}`, "10")).split("\n");
  assertEquals(keys.sort(), ["{tag}1", "{tag}2"]);
  assertEquals(await cli("CLUSTER", "GETKEYSINSLOT", `${slotOf("{tag}1")}`, "0"), "");
  assertMatch(await cli("CLUSTER", "COUNTKEYSINSLOT", "16384"), /^ERR Invalid slot/);
  assertMatch(await cli("--cluster", "check", `127.0.0.1:${port}`), /All 16384 slots covered/);
  if (await isInstalled(REDIS_PY)) {
    const python = await run("/usr/bin/python3", ["-B", "-c", PYTHON, `${port}`]);
    assertEquals(python.stdout, "done\n", python.stderr);
  } else {
    console.log("left out: redis-py is not installed here");
  }
  const client = new RedisCluster([{ host: "127.0.0.1", port }], {
    redisOptions: { maxRetriesPerRequest: 1 },
    clusterRetryStrategy: null,
  });
  try {
    await client.set("a", "ioredis");
    assertEquals(await client.get("a"), "ioredis");
    const results = await client.multi().set("{tag}1", "x").get("{tag}1").exec();
    assertEquals(results!.map(([, reply]) => reply), ["OK", "x"]);
    assertEquals(client.nodes().map(({ options }) => options.port), [port]);
  } finally {
    client.disconnect();
  }
}

async function say(client: RawClient, ...words: string[]): Promise<string> {
  await client.send(request(...words) + request("ECHO", "end"));
  return (await client.until("$3\r\nend\r\n")).replace("$3\r\nend\r\n", "");
}

Deno.test("clients that support clusters work through a proxy that looks like one", async (t) => {
  await using redis = await startRedisServer();
  await using cluster: Cluster = await startCluster({ replicas: 0 });
  const [first] = cluster.url.split(",") as [string];
  const emulating = (url: string, ...args: string[]) =>
    startProxy(null, ["--redis-url", url, "--cluster-mode", "emulate", ...args]);

  await t.step("in front of one Redis", async () => {
    await using proxy = await emulating(`redis://127.0.0.1:${redis.port}`);
    await works(proxy);
  });

  await t.step("in front of a cluster", async () => {
    await using proxy = await emulating(cluster.url);
    await works(proxy);
  });

  await t.step("each is told the address that it has reached, or the one to announce", async () => {
    const announced = ["--cluster-announce", "proxy.example:7777"];
    for (
      const [args, host, portOf] of [
        [[], "127.0.0.1", (port: number) => port],
        [announced, "proxy.example", () => 7777],
        [["--cluster-announce", "[::1]"], "::1", (port: number) => port],
      ] as const
    ) {
      await using proxy = await emulating(`redis://127.0.0.1:${redis.port}`, ...args);
      using client = await RawClient.connect(proxy.port);
      const port = portOf(proxy.port);
      const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
      const id = /[0-9a-f]{40}/.exec(await say(client, "CLUSTER", "MYID"))![0];
      const node = `*4\r\n${bulk(host)}:${port}\r\n${bulk(id)}*0\r\n`;
      assertEquals(await say(client, "CLUSTER", "SLOTS"), `*1\r\n*3\r\n:0\r\n:16383\r\n${node}`);
      const nodes = await say(client, "CLUSTER", "NODES");
      assertStringIncludes(
        nodes,
        `${id} ${host}:${port}@${port + 10_000} myself,master - 0 0 1 connected 0-16383\n`,
      );
      const shards = await say(client, "CLUSTER", "SHARDS");
      for (const text of [bulk(host), `:${port}\r\n`, bulk(id), bulk("online")]) {
        assertStringIncludes(shards, text);
      }
    }
  });

  await t.step("INFO and HELLO say cluster, and a change of the cluster is refused", async () => {
    await using proxy = await emulating(`redis://127.0.0.1:${redis.port}`);
    using client = await RawClient.connect(proxy.port);
    assertMatch(await say(client, "INFO"), /redis_mode:cluster\r\n[^]*cluster_enabled:1\r\n/);
    assertMatch(await say(client, "CLUSTER", "INFO"), /cluster_state:ok\r\n/);
    assertMatch(await say(client, "HELLO", "3"), /mode\r\n\$7\r\ncluster\r\n/);
    for (const command of ["READONLY", "READWRITE", "ASKING"]) {
      assertEquals(await say(client, command), "+OK\r\n");
    }
    assertEquals(await say(client, "CLUSTER", "KEYSLOT", "{tag}1"), `:${slotOf("tag")}\r\n`);
    assertMatch(
      await say(client, "CLUSTER", "MEET", "127.0.0.1", "1"),
      /^-ERR CLUSTER MEET is not possible/,
    );
    assertMatch(await say(client, "CLUSTER", "SLOTS", "x"), /^-ERR wrong number of arguments/);
  });

  await t.step(
    "otherwise a cluster looks like one Redis: no client learns of its nodes",
    async () => {
      await using proxy = await startProxy(null, ["--redis-url", first]);
      using client = await RawClient.connect(proxy.port);
      assertMatch(await say(client, "INFO"), /redis_mode:standalone\r\n[^]*cluster_enabled:0\r\n/);
      assertMatch(await say(client, "HELLO", "2"), /standalone/);
      for (const words of [["CLUSTER", "SLOTS"], ["CLUSTER", "NODES"], ["READONLY"]]) {
        assertMatch(
          await say(client, ...words),
          /^-ERR This instance has cluster support disabled/,
        );
      }
      assert((await redisCli(proxy.port, "-c", "SET", "a", "x")).startsWith("OK"));
    },
  );
});
