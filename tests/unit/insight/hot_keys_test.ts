import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { HotKeys } from "../../../src/insight/hot_keys.ts";
import { LookupInsight } from "../../../src/insight/lookups.ts";
import { randomOf, zipf } from "../../support/loads.ts";

Deno.test("the hottest keys are found among many more than the sketch holds, with their rates", () => {
  let now = 0;
  const hot = new HotKeys(() => now);
  const next = zipf(100_000, 1.1, randomOf(1));
  const exact = new Map<number, number>();
  for (let lookup = 0; lookup < 60_000; lookup++) {
    now += 1; // 1000 lookups per second
    const key = next();
    if (lookup >= 40_000) exact.set(key, (exact.get(key) ?? 0) + 1);
    hot.add(`k${key}`, key % 2 === 0, 100, 1);
    if (lookup % 1000 === 0) hot.age();
  }
  const found = hot.top(5);
  assertEquals(found.map(({ key }) => key), ["k0", "k1", "k2", "k3", "k4"]);
  found.forEach(({ rate, bytes, hitShare }, key) => {
    const expected = exact.get(key)! / 20;
    assert(Math.abs(rate - expected) < 0.25 * expected, `${key}: ${rate} for ${expected}`);
    assert(Math.abs(bytes - 100 * expected) < 30 * expected);
    assertEquals(Math.round(hitShare), key % 2 === 0 ? 1 : 0);
  });
});

Deno.test("a key that is no longer read cools down, and a new one comes up", () => {
  let now = 0;
  const hot = new HotKeys(() => now);
  const read = (key: string) => {
    for (let lookup = 0; lookup < 60_000; lookup += 10) {
      now += 10;
      hot.add(key, true, 1, 1);
      hot.age();
    }
  };
  read("old");
  read("new");
  const [first, second] = hot.top(2);
  assertEquals(first!.key, "new");
  assert(second === undefined || second.rate < first!.rate / 5);
  now += 10_000_000;
  assertEquals(hot.top(2), []);
});

Deno.test("the sketch stays small whatever keys clients make up", () => {
  const hot = new HotKeys(() => 0);
  for (let key = 0; key < 5000; key++) hot.add(`k${key}`, false, 0, 1);
  hot.add("x".repeat(2000), true, 1, 1);
  assert(hot.top(10_000).length <= 256);
  assert(!hot.top(10_000).some(({ key }) => key.length > 1024));
});

/** Looks up keys as the cache does. */
function look(insight: LookupInsight, counts: { hits: number; misses: number }, key: string): void {
  const bytes = Buffer.from(key);
  counts.hits++;
  if (--insight.left <= 0) insight.saw(bytes, 0, bytes.length, 1, true, 10);
}

Deno.test("few lookups are all counted, and of many a small part", () => {
  const counts = { hits: 0, misses: 0 };
  const insight = new LookupInsight(10_000, () => counts);
  let sampled = 0;
  const { saw } = insight;
  insight.saw = (...args) => {
    sampled++;
    saw.apply(insight, args);
  };
  for (let lookup = 0; lookup < 100; lookup++) look(insight, counts, "few");
  assertEquals(sampled, 100);
  insight.tick();
  for (let second = 0; second < 5; second++) {
    sampled = 0;
    for (let lookup = 0; lookup < 100_000; lookup++) look(insight, counts, "many");
    insight.tick();
  }
  assert(sampled > 100 && sampled < 600, `${sampled}`);
});
