/**
 * Reads from replicas that lag: long random runs with a clock. Each rule is necessary in at least one
 * run. The same seed repeats the same run.
 */
import { assert, assertEquals } from "@std/assert";

import * as mutants from "../../support/replica_mutants.ts";
import { ReplicaWorld, type ReplicaWorldOptions } from "../../support/replica_world.ts";
import { random as numbers } from "../../support/wire.ts";

const STEPS = 500;
const RUNS = 150;
const WIRES = ["near", "master", "lane"] as const;

function run(seed: number, options: ReplicaWorldOptions = {}): ReplicaWorld {
  const random = numbers(seed);
  const below = (bound: number) => Math.floor(random() * bound);
  const world = new ReplicaWorld(options);
  let provenAt = 0;
  let stalledUntil = 0;
  for (let step = 0; step < STEPS && world.observer.violations.length === 0; step++) {
    world.now += random();
    if (world.now - provenAt > 5) {
      world.prove();
      provenAt = world.now;
    }
    const key = world.keys[below(4)]!;
    const chance = below(1000);
    const some = (act: () => void) => {
      for (let more = below(6); more > 0; more--) act();
    };
    if (chance < 2) world.move(below(4) === 0 ? "master" : "replica", below(2));
    else if (chance < 6) stalledUntil = world.now + below(200);
    else if (chance < 40) world.write(key);
    else if (chance < 60) world.writeThrough(below(3), key);
    else if (chance < 75) world.read(below(3), key, true);
    else if (chance < 330) world.read(below(3), key);
    else if (chance < 450) some(() => world.admit());
    else if (chance < 550 && world.now > stalledUntil) some(() => world.replicate(below(2)));
    else if (chance < 770) some(() => world.execute(WIRES[below(3)]!));
    else some(() => world.reply(WIRES[below(3)]!));
  }
  return world;
}

Deno.test("reads from replicas that lag keep every promise, in random runs", () => {
  let answers = 0, fromReplica = 0, fromMaster = 0, hits = 0;
  for (let seed = 0; seed < RUNS; seed++) {
    const world = run(seed);
    assertEquals(world.observer.violations, [], `seed ${seed}`);
    answers += world.observer.answers;
    hits += world.stats.hits;
    fromReplica += world.stats.replicaReads;
    fromMaster += world.stats.masterReads;
  }
  // The runs are worth something: all ways were taken often.
  assert(Math.min(hits, fromReplica, fromMaster) > RUNS, `${hits} ${fromReplica} ${fromMaster}`);
  assert(answers > 50 * RUNS, `${answers}`);
});

const MUTANTS: Record<string, ReplicaWorldOptions> = {
  "the replica's offset": { fence: mutants.NoOffset },
  "the lease of replica reads": { reads: mutants.NoLeaseOfReads },
  "own writes": { ahead: mutants.NoOwnWrites },
  "keys read at the master": { ahead: mutants.NoMasterReads },
  "the second look when a read is sent": { reads: mutants.NoSecondLook },
  "what was read at the master is not kept": { reads: mutants.KeepAside },
  "one connection at a time for a key": { reads: mutants.NoTurns },
  "forced reads": { reads: mutants.NoForcedReads },
  "the proof of hits": { channel: mutants.NoProofOfHits },
};

for (const [rule, options] of Object.entries(MUTANTS)) {
  Deno.test(`without the rule on ${rule}, a read from a replica breaks a promise`, () => {
    for (let seed = 0; seed < 20 * RUNS; seed++) {
      if (run(seed, options).observer.violations.length > 0) return;
    }
    throw new Error("No run breaks a promise");
  });
}
