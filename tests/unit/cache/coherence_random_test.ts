/**
 * Long random runs with a clock, slow and silent connections, and keys that expire. Each rule about
 * time is necessary in at least one run. The same seed repeats the same run.
 */
import { assert, assertEquals } from "@std/assert";
import { World, type WorldOptions } from "../../support/coherence_world.ts";
import * as mutants from "../../support/mutants.ts";

const LEASE = 100;
const STEPS = 600;
const WAYS = ["redirect", "inline"] as const;
const RUNS = 1000;

/** A generator of numbers from 0 to below 1 (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs one world, and returns it. */
function run(seed: number, options: WorldOptions): World {
  const random = generator(seed);
  const below = (bound: number) => Math.floor(random() * bound);
  const world = new World({ keys: ["a", "b"], lease: LEASE, ...options });
  if (world.channel instanceof mutants.NoProbeSentAt) world.channel.clock = () => world.now;
  let probedAt = 0;
  let dataLostAt = Infinity;
  let frozenUntil = { data: 0, invalidation: 0 };
  for (let step = 0; step < STEPS && world.violations.length === 0; step++) {
    world.now += random() * 4;
    const { now } = world;
    if (now - probedAt > LEASE / 6) {
      world.probe();
      probedAt = now;
    }
    if (now - dataLostAt > 3 * LEASE) {
      world.replacePair();
      dataLostAt = Infinity;
    }
    const key = world.keys[below(2)]!;
    const chance = below(1000);
    if (chance < 2) {
      world.loseDataSilently();
      dataLostAt = Math.min(dataLostAt, now);
    } else if (chance < 4) world.replacePair();
    else if (chance < 8) world.flushAll();
    else if (chance < 14) frozenUntil = { ...frozenUntil, data: now + below(3 * LEASE) };
    else if (chance < 20) frozenUntil = { ...frozenUntil, invalidation: now + below(3 * LEASE) };
    else if (chance < 40) world.write(key);
    else if (chance < 60) world.write(key, 20 + below(200));
    else if (chance < 80) world.read(below(3), key, true);
    else if (chance < 400) world.read(below(3), key);
    else if (chance < 650) {
      // A read takes two commands, mostly with nothing in between.
      for (let more = 1 + below(3); more > 0 && world.requests > 0; more--) world.execute();
    } else if (chance < 850 || world.way === "inline") {
      if (world.replies > 0 && now > frozenUntil.data) world.reply();
    } else if (world.messages > 0 && now > frozenUntil.invalidation) world.message();
  }
  if (dataLostAt < Infinity) world.replacePair();
  world.settle();
  return world;
}

function firstViolation(options: WorldOptions, runs = RUNS): string | null {
  for (let seed = 1; seed <= runs; seed++) {
    const { violations } = run(seed, options);
    if (violations.length > 0) return `seed ${seed}: ${violations[0]}`;
  }
  return null;
}

for (const way of WAYS) {
  Deno.test(`Table serves nothing older than the lease in random runs: ${way}`, () => {
    assertEquals(firstViolation({ way }), null);
  });

  Deno.test(`Table serves nothing older than the lease while small values are packed: ${way}`, () => {
    assertEquals(firstViolation({ way, crowd: 1001 }, RUNS / 4), null);
    assert(run(1, { way, crowd: 1001 }).table.size > 1001);
  });

  Deno.test(`the random runs contain hits and misses: ${way}`, () => {
    const { hits, answers } = run(1, { way });
    assert(hits > 20 && answers - hits > 20, `${hits} hits of ${answers} answers`);
  });
}

const MUTANTS: Readonly<Record<string, WorldOptions>> = {
  "freshness from when it was sent": { table: mutants.NoSentAt },
  "probe of the data connection": { channel: mutants.NoDataProbe },
  "probe of the invalidation connection": { channel: mutants.NoInvalidationProbe },
  "lease": { channel: mutants.NoLease },
  "proof from when the probe was sent": { channel: mutants.NoProbeSentAt },
  "join within the lease": { table: mutants.NoJoinLimit },
};

/** In line, one probe proves both. */
const ONLY_BY_REDIRECT = ["probe of the data connection", "probe of the invalidation connection"];

for (const way of WAYS) {
  for (const [rule, options] of Object.entries(MUTANTS)) {
    if (way === "inline" && ONLY_BY_REDIRECT.includes(rule)) continue;
    Deno.test(`Random runs find an old value without the rule: ${rule}: ${way}`, () => {
      const violation = firstViolation({ ...options, way });
      assert(violation !== null, `No run shows that "${rule}" is needed`);
    });
  }
}
