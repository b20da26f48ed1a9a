/** When a node of a cluster is no longer believed, and that each rule is needed. */
import { assert, assertEquals } from "@std/assert";
import { Log } from "../../../src/core/log.ts";
import { SLOTS } from "../../../src/core/slot.ts";
import { Stats } from "../../../src/core/stats.ts";
import type { Millis } from "../../../src/core/types.ts";
import { ByteBudget } from "../../../src/origin/byte_budget.ts";
import { Semaphore } from "../../../src/origin/semaphore.ts";
import { ClusterNode } from "../../../src/topology/cluster/node.ts";
import { startRedisServer } from "../../../tools/redis_server.ts";
import { LyingRedis } from "../../support/lying_redis.ts";
import { until } from "../../support/serving.ts";

const LEASE: Millis = 1200;

/** No command with a key is sent with the probes. */
class NoKeyedProbe extends ClusterNode {
  protected override askCanary(): Promise<void> {
    return Promise.resolve();
  }
}

/** A node that says that it owns all slots, connected to by a node of this type. */
class Rig implements Disposable {
  readonly node: ClusterNode;
  readonly #server: LyingRedis;
  /** How often it was asked for its slots, and probed by a key. */
  views = 0;
  probes = 0;
  /** Whether it has to be watched. */
  isNeeded = true;
  /** What those were told who keep what is read from it. */
  readonly notes: string[] = [];
  /** Whether it refuses commands with keys. */
  isDown = false;
  /** Why the link was lost; null if it was not. */
  get loss(): string | null {
    return this.node.link.upstream === null ? this.node.link.loss.message : null;
  }

  /** @param limit How long an answer to a probe may take. */
  constructor(type: typeof ClusterNode, target: number, limit: Millis) {
    const slots = (port: number) =>
      `*1\r\n*3\r\n:0\r\n:${SLOTS - 1}\r\n*3\r\n$9\r\n127.0.0.1\r\n:${port}\r\n$1\r\na\r\n`;
    const server: LyingRedis = new LyingRedis(target, ([name]) => {
      if (name === "CLUSTER") {
        this.views++;
        return slots(server.port);
      }
      if (name === "EXISTS") this.probes++;
      return name === "EXISTS" && this.isDown ? "-CLUSTERDOWN The cluster is down\r\n" : undefined;
    });
    this.#server = server;
    const nothing = () => {};
    const follower = {
      ...{ up: nothing, down: nothing, answered: nothing, doubted: nothing, invalidate: nothing },
      ...{ flush: nothing, foreign: nothing, witnessed: nothing, viewed: nothing },
      ...{ caughtUp: nothing, leftReplica: nothing },
      unwitnessed: () => this.notes.push("unwitnessed"),
      rested: () => this.notes.push("rested"),
      woke: () => this.notes.push("woke"),
    };
    const listener = {
      ...{ up: nothing, down: nothing, moved: nothing, viewed: nothing },
      woke: () => this.notes.push("asks for a witness"),
      isNeeded: () => this.isNeeded,
      since: () => -Infinity,
    };
    const address = { host: "127.0.0.1", port: server.port, socket: null, tls: null };
    this.node = new type(
      `127.0.0.1:${server.port}`,
      0,
      {
        ...{ ...address, username: null, password: null, database: 0 },
      },
      follower,
      listener,
      {
        options: {
          ...{ mode: "auto", tracking: "default", trackingMode: "auto", prefixes: [] },
          ...{ timeout: 1000, lease: LEASE, probeLimit: limit },
        },
        permits: new Semaphore({ permits: 1, waiters: 1, patience: 1000 }),
        budget: new ByteBudget(1024, 1000),
        keptFor: () => LEASE,
        replicas: null,
        stats: new Stats(),
        log: new Log("error", "text", nothing),
      },
    );
    this.node.owned = new Uint8Array(SLOTS).fill(1);
    this.node.link.open();
  }

  [Symbol.dispose](): void {
    this.node.close();
    this.#server[Symbol.dispose]();
  }
}

Deno.test("a node that refuses keys is left, although it answers all other probes", async () => {
  await using redis = await startRedisServer();
  using rig = new Rig(ClusterNode, redis.port, LEASE / 3);
  using blind = new Rig(NoKeyedProbe, redis.port, LEASE / 3);
  await until(() => rig.loss === null && blind.loss === null);
  rig.isDown = blind.isDown = true;
  const since = performance.now();
  await until(() => rig.loss !== null, LEASE);
  assertEquals(rig.loss, "CLUSTERDOWN The cluster is down");
  assert(performance.now() - since < LEASE / 2, "it was left late");
  // Without the keyed probe, it would be believed as long as it likes.
  await new Promise((resolve) => setTimeout(resolve, LEASE / 2));
  assertEquals(blind.loss, null);
});

Deno.test("a node whose answer takes longer than a third of the lease is left", async () => {
  await using redis = await startRedisServer();
  using rig = new Rig(ClusterNode, redis.port, LEASE / 3);
  using patient = new Rig(ClusterNode, redis.port, Infinity);
  await until(() => rig.loss === null && patient.loss === null);
  redis.kill("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 0.6 * LEASE));
  redis.kill("SIGCONT");
  await until(() => rig.loss !== null, LEASE);
  assert(/took \d+ ms to answer/.test(rig.loss!), rig.loss!);
  // It may have been replaced meanwhile. Without the rule, it would go on.
  await new Promise((resolve) => setTimeout(resolve, LEASE / 6));
  assertEquals(patient.loss, null);
});

Deno.test("a node that was silent for more than half a lease has to be named again, although it is not left", async () => {
  class NoDoubt extends ClusterNode {
    protected override mayBeReplaced(): boolean {
      return false;
    }
  }
  for (
    const [type, silence, notes] of [
      [ClusterNode, 0.55, ["unwitnessed", "asks for a witness"]],
      [ClusterNode, 0, []],
      [NoDoubt, 0.55, []],
    ] as const
  ) {
    await using redis = await startRedisServer();
    using rig = new Rig(type, redis.port, Infinity);
    await until(() => rig.loss === null);
    rig.node.isWitnessed = true;
    const { probes } = rig;
    if (silence > 0) redis.kill("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, silence * LEASE));
    redis.kill("SIGCONT");
    await until(() => rig.probes > probes + 1, 2 * LEASE);
    assertEquals([rig.notes.slice(0, 2), rig.loss], [[...notes], null]);
    assertEquals(rig.node.isWitnessed, notes.length === 0);
  }
});

Deno.test("a node that nobody needs rests: it is not probed until it is needed, and is confirmed anew", async () => {
  await using redis = await startRedisServer();
  using rig = new Rig(ClusterNode, redis.port, LEASE / 3);
  await until(() => rig.views > 1);
  rig.node.isWitnessed = true;
  rig.isNeeded = false;
  await until(() => rig.node.isResting);
  const { views, probes } = rig;
  await new Promise((resolve) => setTimeout(resolve, LEASE / 2));
  assertEquals([rig.views, rig.probes, rig.notes], [views, probes, ["rested"]]);
  const since = performance.now();
  rig.node.need(LEASE);
  assertEquals(rig.notes, ["rested", "woke", "asks for a witness"]);
  assertEquals([rig.node.isWitnessed, rig.node.connectedAt >= since], [false, true]);
  assertEquals(rig.notes.includes("unwitnessed"), false);
  // Both proofs are asked for at once.
  await until(() => rig.views > views && rig.probes > probes, LEASE / 6);
  await until(() => rig.node.isResting, 2 * LEASE);
  assert(performance.now() - since > LEASE, "it rests early");
});

Deno.test("a read wakes a node that rests, and has it be watched for as long as it may be kept", async () => {
  await using redis = await startRedisServer();
  using rig = new Rig(ClusterNode, redis.port, LEASE / 3);
  rig.isNeeded = false;
  await until(() => rig.node.isResting);
  const answer = Promise.withResolvers<unknown>();
  const flight = {
    ...{ key: "k", sent() {}, narrow: () => null },
    settled: (fetched: unknown) => answer.resolve(fetched),
  };
  rig.node.read([flight]);
  assertEquals([rig.node.isResting, rig.notes.includes("woke")], [false, true]);
  assertEquals(await answer.promise, null);
  rig.isDown = true;
  await until(() => rig.loss !== null, LEASE);
});
