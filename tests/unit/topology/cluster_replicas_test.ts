/**
 * Reads from the replicas of a cluster: long random runs with a clock, in which replicas lag, keys
 * move, and replicas become masters. Each rule is necessary in at least one run. The same seed repeats
 * the same run.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { slotOf } from "../../../src/core/slot.ts";
import * as ofClusters from "../../support/cluster_replica_mutants.ts";
import {
  type ClusterReplicaOptions,
  ClusterReplicaWorld,
} from "../../support/cluster_replica_world.ts";

import * as mutants from "../../support/replica_mutants.ts";
import { random as numbers } from "../../support/wire.ts";

const STEPS = 600;
const RUNS = 100;
const KINDS = ["execute", "reply"] as const;

function run(seed: number, options: ClusterReplicaOptions = {}): ClusterReplicaWorld {
  const random = numbers(seed);
  const below = (bound: number) => Math.floor(random() * bound);
  const one = <T>(all: readonly T[]): T => all[below(all.length)]!;
  const world = new ClusterReplicaWorld(options);
  const { violations } = world.observer;
  const stalledUntil = new Map<unknown, number>();
  const isStalled = (what: unknown) => (stalledUntil.get(what) ?? 0) > world.now;
  const servers = world.shards.flatMap((shard) => shard.servers);
  let provenAt = 0;
  for (let step = 0; step < STEPS && violations.length === 0; step++) {
    world.now += random();
    if (world.now - provenAt > 5) {
      for (const node of world.nodes) world.prove(node);
      provenAt = world.now;
    }
    const key = one(world.keys);
    const chance = below(1000);
    const node = one(world.nodes);
    const some = (act: () => void) => {
      for (let more = below(6); more > 0; more--) act();
    };
    if (chance < 3) {
      const { shard } = node.server;
      const replicas = shard.servers.filter(({ isMaster }) => !isMaster);
      if (node.server.isMaster) node.turnTo(below(4) === 0 ? null : one(replicas));
    } else if (chance < 5) world.failOver(node.server.shard, one(node.server.shard.servers));
    else if (chance < 12) {
      stalledUntil.set(one([...servers, ...world.nodes]), world.now + below(250));
    } else if (chance < 30) world.move(key);
    else if (chance < 36) { for (let more = below(7); more > 0; more--) world.move(key); }
    else if (chance < 50) world.gossip(one(servers));
    else if (chance < 75) world.write(key);
    else if (chance < 95) world.writeThrough(below(3), key);
    else if (chance < 110) world.read(below(3), key, true);
    else if (chance < 330) world.read(below(3), key);
    else if (chance < 430) some(() => world.admit(one(world.nodes)));
    else if (chance < 550) {
      some(() => {
        const server = one(servers);
        if (!isStalled(server)) server.apply();
      });
    } else if (chance < 600) some(() => world.stepLane(one(KINDS)));
    else {
      some(() => {
        const { master, near } = one(world.nodes);
        some(() => world.step(one([near, ...(isStalled(node) ? [] : [master])]), one(KINDS)));
      });
    }
  }
  return world;
}

Deno.test("reads from the replicas of a cluster keep every promise, in random runs", () => {
  let answers = 0, fromReplica = 0, fromMaster = 0, hits = 0;
  for (let seed = 0; seed < RUNS; seed++) {
    const { observer, stats } = run(seed);
    assertEquals(observer.violations, [], `seed ${seed}`);
    answers += observer.answers;
    hits += stats.hits;
    fromReplica += stats.replicaReads;
    fromMaster += stats.masterReads;
  }
  // The runs are worth something: all ways were taken often.
  assert(Math.min(hits, fromReplica, fromMaster) > RUNS, `${hits} ${fromReplica} ${fromMaster}`);
  assert(answers > 50 * RUNS, `${answers}`);
});

const MUTANTS: Record<string, ClusterReplicaOptions> = {
  "the replica's offset": { fence: mutants.NoOffset },
  "the lease of replica reads": { reads: mutants.NoLeaseOfReads },
  "own writes": { ahead: mutants.NoOwnWrites },
  "keys read at the master": { ahead: mutants.NoMasterReads },
  "the second look when a read is sent": { reads: mutants.NoSecondLook },
  "one connection at a time for a key": { reads: mutants.NoTurns },
  "forced reads": { reads: mutants.NoForcedReads },
  "absent keys": { provesAbsence: true },
  "the proof of hits": { tenures: ofClusters.NoCaughtUp },
  "new tenures when a replica is left": { tenures: ofClusters.NoRestart },
};

for (const [rule, options] of Object.entries(MUTANTS)) {
  Deno.test(`without the rule on ${rule}, a read from a replica of a cluster breaks a promise`, () => {
    for (let seed = 0; seed < 20 * RUNS; seed++) {
      if (run(seed, options).observer.violations.length > 0) return;
    }
    throw new Error("No run breaks a promise");
  });
}

/** Both masters and their replicas are connected and proven. */
function proven(options: ClusterReplicaOptions): ClusterReplicaWorld {
  const world = new ClusterReplicaWorld(options);
  for (const server of world.shards.flatMap(({ servers }) => servers)) {
    while (server.applied < server.shard.stream.length) server.apply();
  }
  world.now++;
  for (const node of world.nodes) world.prove(node);
  world.settle();
  world.now++;
  return world;
}

/** The other shard takes the slot of a key, and only the old master hears of it. */
function seized(options: ClusterReplicaOptions): readonly string[] {
  const world = proven(options);
  const node = world.map.of(slotOf("a"))!;
  world.read(0, "a");
  world.settle();
  world.seize("a");
  world.write("a");
  for (let turn = 0; turn < 50; turn++) {
    world.now += 5;
    world.prove(node);
    world.settle();
  }
  world.read(1, "a");
  world.settle();
  assertEquals(world.observer.answers, 2);
  return world.observer.violations;
}

/** A key leaves its shard, is written, and comes back, while the replica has heard nothing. */
function back(options: ClusterReplicaOptions): readonly string[] {
  const world = proven(options);
  const moveAway = () => {
    for (let step = 0; step < 3; step++) world.move("a");
    // A client's command is redirected.
    world.movedTo(slotOf("a"), world.node(world.owners.get("a")!.master));
    world.now++;
  };
  moveAway();
  world.writeThrough(0, "a");
  world.settle();
  world.now++;
  moveAway();
  world.read(0, "a");
  world.settle();
  assertEquals(world.observer.answers, 1);
  return world.observer.violations;
}

Deno.test("a replica is read only while its master itself says that it has the slot", () => {
  assertEquals(seized({}), []);
  assertMatch(seized({ claim: ofClusters.NoClaim }).join(), /stale/);
});

Deno.test("a slot that comes back is read from a replica only when it was proven since then", () => {
  assertEquals(back({}), []);
  assertMatch(back({ claim: ofClusters.NoSince }).join(), /own write/);
});
