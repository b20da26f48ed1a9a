/** Reads while a whole cluster is down, and how soon they are served once it serves keys again. */
import { assert, assertEquals } from "@std/assert";
import { Backoff } from "../../../src/cache/backoff.ts";
import { Failure } from "../../../src/core/types.ts";
import { type RedisServer, startRedisServer } from "../../../tools/redis_server.ts";
import { pause } from "../../support/failover.ts";
import { MadeUpCluster } from "../../support/made_up_cluster.ts";
import { until } from "../../support/serving.ts";

/** Keys of three masters. */
const KEYS = ["a", "b", "c"];

async function connected({ port }: RedisServer, lease: number): Promise<MadeUpCluster> {
  const cluster = new MadeUpCluster(port, 3, 3, lease);
  await until(() => cluster.awake.length === 3);
  const owners = KEYS.map((key) => cluster.ownerOf(key));
  assertEquals(new Set(owners).size, KEYS.length);
  return cluster;
}

const isServed = (one: unknown) => !(one instanceof Failure);

/** Reads all keys; returns after how many milliseconds all were answered. */
async function served(cluster: MadeUpCluster): Promise<number> {
  const since = performance.now();
  const answers = await Promise.all(KEYS.map((key) => cluster.read(key)));
  assert(answers.every(isServed), `${answers}`);
  return performance.now() - since;
}

Deno.test("reads are served as soon as a cluster that was down for long serves keys again", async () => {
  await using redis = await startRedisServer();
  using cluster = await connected(redis, 1200);
  cluster.isDown = true;
  const { nodes } = cluster.origin;
  await until(() => nodes.every(({ link }) => link.state === "unready"));
  await pause(2500); // Each link alone would now wait for up to a second.
  const waiting = Promise.all(KEYS.map((key) => cluster.read(key)));
  await pause(50);
  cluster.isDown = false;
  const took = await served(cluster);
  assert(took < 600, `it took ${took} ms`);
  assert((await waiting).every(isServed), "a read that waited has failed");
});

Deno.test("reads are served at once after a short time in which the nodes refused keys", async () => {
  await using redis = await startRedisServer();
  // The next probes come late, so the links last.
  using cluster = await connected(redis, 30_000);
  cluster.isDown = true;
  const waiting = Promise.all(KEYS.map((key) => cluster.read(key)));
  await pause(300);
  cluster.isDown = false;
  const took = await served(cluster);
  assert(took < 300, `it took ${took} ms`);
  assert((await waiting).every(isServed), "a read that waited has failed");
});

Deno.test("a read that fails since the cluster is down keeps no later one from being sent", async () => {
  await using redis = await startRedisServer();
  for (const lease of [300, 30_000]) {
    using cluster = await connected(redis, lease);
    cluster.isDown = true;
    const since = performance.now();
    const failure = await cluster.read("a");
    assert(performance.now() - since > 900, "it was given up early");
    assert(failure instanceof Failure && failure.message.startsWith("CLUSTERDOWN "), `${failure}`);
    const backoff = new Backoff();
    backoff.note("a", failure, 0);
    assertEquals(backoff.find("a", 1), undefined);
  }
});
