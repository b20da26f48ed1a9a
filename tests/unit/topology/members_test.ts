/** Which masters of a cluster are watched, and how long nodes are known. */
import { assertEquals } from "@std/assert";
import { startRedisServer } from "../../../tools/redis_server.ts";
import { MadeUpCluster } from "../../support/made_up_cluster.ts";
import { pause } from "../../support/failover.ts";
import { until } from "../../support/serving.ts";

const LEASE = 300;
const LIMIT = 20 * LEASE;

/** Runs a scenario with three masters, of which two rest, and a fourth node without slots. */
async function scenario(run: (cluster: MadeUpCluster) => Promise<void>): Promise<void> {
  await using redis = await startRedisServer();
  using cluster = new MadeUpCluster(redis.port, 4, 3, LEASE);
  await until(() => cluster.awake.length === 1);
  await run(cluster);
}

/** Waits until all masters but one rest, and stay so. */
async function calm(cluster: MadeUpCluster): Promise<void> {
  await until(async () => {
    if (cluster.awake.length !== 1) return false;
    await pause(LEASE);
    return cluster.awake.length === 1;
  }, LIMIT);
}

async function knows(cluster: MadeUpCluster, ...numbers: number[]): Promise<void> {
  await until(() => `${cluster.known}` === `${numbers}`, LIMIT);
}

Deno.test("masters rest again after a failover, and the demoted one is left, restarted or not", async () => {
  const failover = (isRestarted: boolean) =>
    scenario(async (cluster) => {
      const [a, b, c, d] = cluster.nodes;
      cluster.masters = [a!, b!, d!];
      if (isRestarted) c!.hangUp();
      await knows(cluster, 0, 1, 2, 3);
      await calm(cluster);
      cluster.members.kept = 0;
      await knows(cluster, 0, 1, 3);
      await calm(cluster);
    });
  await Promise.all([failover(false), failover(true)]);
});

Deno.test("masters rest again when one has lost its last slot, when it comes back, or has gone for good", async () => {
  const moves = scenario(async (cluster) => {
    cluster.members.kept = 0;
    const all = cluster.masters;
    for (const masters of [all.slice(0, 2), all, all.slice(0, 1)]) {
      cluster.masters = masters;
      await until(() => cluster.members.owners.length === masters.length, LIMIT);
      await calm(cluster);
      assertEquals(cluster.known.length, masters.length);
    }
  });
  const end = scenario(async (cluster) => {
    const [a, b, c] = cluster.nodes;
    cluster.masters = [a!, b!];
    c![Symbol.dispose]();
    await until(() => cluster.members.owners.length === 2, LIMIT);
    await calm(cluster);
    cluster.members.kept = 0;
    await knows(cluster, 0, 1);
  });
  await Promise.all([moves, end]);
});

Deno.test("a node without slots is kept while requests are sent there, or others name it", async () => {
  await scenario(async (cluster) => {
    const { members, nodes: [, , , d] } = cluster;
    members.kept = LEASE;
    const place = { host: "127.0.0.1", port: d!.port };
    const since = performance.now();
    while (performance.now() - since < 3 * LEASE) {
      members.at(place);
      await pause(LEASE / 6);
      assertEquals(cluster.known, [0, 1, 2, 3]);
    }
    await knows(cluster, 0, 1, 2);
    // The others name it as the master of slots, but it cannot be reached.
    d![Symbol.dispose]();
    cluster.masters = [...cluster.masters, d!];
    await knows(cluster, 0, 1, 2, 3);
    await pause(3 * LEASE);
    assertEquals(cluster.known, [0, 1, 2, 3]);
  });
});

Deno.test("masters rest although each of them lists the replicas in an order of its own", async () => {
  await using redis = await startRedisServer();
  using cluster = new MadeUpCluster(redis.port, 12, 12, LEASE);
  cluster.addition = ({ port }) => `*2\r\n$4\r\nnode\r\n:${port}\r\n`;
  await until(() => cluster.awake.length === 12);
  await calm(cluster);
});
