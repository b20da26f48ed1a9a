import { assert, assertEquals } from "@std/assert";
import type { Savings } from "../../../src/core/insight.ts";
import { WhatIf } from "../../../src/insight/what_if.ts";
import { ExactCache, randomOf, zipf } from "../../support/loads.ts";

/** The largest error of an estimate, and the mean one: parts of all lookups. */
const WORST = 0.05;
const MEAN = 0.02;

const ENTRIES = 8000;

/** The secrets with which keys are hashed: each chooses other keys to follow. */
const SECRETS = [1, 2, 3, 4, 5, 6];

function hashOf(key: number, secret: number): number {
  let hash = Math.imul(key + 1, 0x9e3779b1) ^ Math.imul(secret, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return hash ^ (hash >>> 16);
}

/** Compares estimates with exact caches of half and twice the size, for the lookups after `warm`. */
function compare(next: (lookup: number) => number, lookups: number, warm: number) {
  const caches = [ENTRIES / 2, ENTRIES, 2 * ENTRIES].map((size) => new ExactCache(size));
  const [half, now, double] = caches as [ExactCache, ExactCache, ExactCache];
  let time = 0;
  const estimates = SECRETS.map((secret) => ({
    secret,
    whatIf: new WhatIf(ENTRIES, () => now, () => time),
  }));
  const counts = () => [half.hits, now.hits, double.hits, now.hits + now.misses];
  let before = counts();
  for (let lookup = 0; lookup < lookups; lookup++) {
    const key = next(lookup);
    const isHit = now.read(key);
    half.read(key);
    double.read(key);
    for (const { secret, whatIf } of estimates) {
      const hash = hashOf(key, secret);
      if ((hash & whatIf.mask) === 0) whatIf.add(hash, isHit);
    }
    if (lookup !== warm) continue;
    before = counts();
    // So long ago that the lookups before weigh nothing.
    time += 1000 * 10_000;
    for (const { whatIf } of estimates) whatIf.age();
  }
  const [halfHits, hits, doubleHits, all] = counts().map((count, at) => count - before[at]!);
  const exact = { now: hits! / all!, withHalf: halfHits! / all!, withDouble: doubleHits! / all! };
  const errors = estimates.flatMap(({ whatIf }) => {
    const found = whatIf.savings()!;
    return (["now", "withHalf", "withDouble"] as const).map((of: keyof Savings) =>
      Math.abs(found[of] - exact[of])
    );
  });
  const mean = errors.reduce((sum, one) => sum + one, 0) / errors.length;
  return { exact, mean, worst: Math.max(...errors) };
}

Deno.test("the estimate for another size is right to 2 points on average with requests by Zipf's law", () => {
  for (const [exponent, keys] of [[0.7, 40_000], [0.99, 100_000], [1.2, 100_000]] as const) {
    const { exact, mean, worst } = compare(zipf(keys, exponent, randomOf(keys)), 300_000, 100_000);
    assert(exact.withDouble > exact.withHalf + 0.02, "the sizes must differ");
    assert(mean <= MEAN && worst <= WORST, `Zipf ${exponent}: mean ${mean}, worst ${worst}`);
  }
});

Deno.test("the estimate tells that twice the room would hold all of a scan that does not fit", () => {
  const { exact, worst } = compare((lookup) => lookup % (1.5 * ENTRIES), 120_000, 40_000);
  assertEquals([exact.now, exact.withDouble], [0, 1]);
  assert(worst <= WORST, `worst ${worst}`);
});

Deno.test("the estimate tells that half the room would hold nothing of a scan that fits", () => {
  const { exact, worst } = compare((lookup) => lookup % (0.8 * ENTRIES), 120_000, 40_000);
  assertEquals([exact.withHalf, exact.now], [0, 1]);
  assert(worst <= WORST, `worst ${worst}`);
});

Deno.test("the estimate follows a load that shifts", () => {
  const next = zipf(40_000, 0.9, randomOf(7));
  const shifting = (lookup: number) => next() + 5000 * Math.floor(lookup / 50_000);
  const { mean, worst } = compare(shifting, 300_000, 100_000);
  assert(mean <= MEAN && worst <= WORST, `mean ${mean}, worst ${worst}`);
});

Deno.test("misses of keys that were changed do not count as a lack of room", () => {
  const counts = { hits: 0, misses: 0 };
  const whatIf = new WhatIf(ENTRIES, () => counts, () => 0);
  for (let lookup = 0; lookup < 100_000; lookup++) {
    counts.misses++;
    const hash = hashOf(lookup % 1000, 1);
    if ((hash & whatIf.mask) === 0) whatIf.add(hash, false);
  }
  assertEquals(whatIf.savings(), { now: 0, withHalf: 0, withDouble: 0 });
});

Deno.test("there is no estimate without lookups, or for a cache of few entries", () => {
  assertEquals(new WhatIf(ENTRIES, () => ({ hits: 0, misses: 0 })).savings(), null);
  assertEquals(new WhatIf(100, () => ({ hits: 9, misses: 9 })).savings(), null);
});
