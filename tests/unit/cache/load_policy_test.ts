/** What a slow or failing Redis costs: soft time-out, backoff after a failed read. */
import { assert, assertEquals } from "@std/assert";
import { SoftWait } from "../../../src/cache/soft_wait.ts";
import { Entry, Failure, Found, NO_TERMS, type Outcome } from "../../../src/core/types.ts";
import { makeCache } from "../../support/cache.ts";
import { FakeOrigin } from "../../support/fake_origin.ts";

const TIMEOUT = new Failure("timeout", "no answer");
const found = (text: string) => new Found(new TextEncoder().encode(text));
const textOf = (outcome: Outcome) =>
  outcome instanceof Entry ? new TextDecoder().decode(outcome.value) : outcome;

/** A cache whose "key" is past its time, with a clock and a soft time-out that the test sets off. */
async function aged(staleIfError = 60_000) {
  const time = { now: 0 };
  const origin = new FakeOrigin(() => time.now);
  const timers = new Set<() => void>();
  const soft = new SoftWait(50, (delay, run) => {
    assertEquals(delay, 50);
    timers.add(run);
    return () => timers.delete(run);
  });
  const cache = makeCache(origin, { policy: { staleIfError }, clock: () => time.now, soft });
  const first = cache.get("key", 0);
  origin.reads[0]!.answer(found("old"));
  await first;
  time.now = 1500;
  const softly = () => timers.forEach((run) => run());
  return { origin, cache, time, timers, softly };
}

Deno.test("ReadThrough.ask() with a stale value waits only for the soft time-out, and the read goes on", async () => {
  const { origin, cache, time, timers, softly } = await aged();
  const asked = cache.ask("key", time.now, NO_TERMS);
  assertEquals(timers.size, 1);
  softly();
  const { outcome, via, timeLeft } = await asked;
  assertEquals([textOf(outcome), via, timeLeft], ["old", "hit", -500]);
  assertEquals([cache.flights, cache.stats.staleAnswers], [1, 1]);
  origin.reads[1]!.answer(found("new"));
  await cache.ask("key", time.now, NO_TERMS);
  assertEquals(textOf(cache.get("key", time.now) as Outcome), "new");
  assertEquals(origin.reads.length, 2);
});

Deno.test("ReadThrough.ask() answers what Redis says within the soft time-out, and calls the timer off", async () => {
  for (const answer of [found("new"), null, new Failure("reply", "WRONGTYPE x")]) {
    const { origin, cache, time, timers } = await aged();
    const asked = cache.ask("key", time.now, NO_TERMS);
    origin.reads[1]!.answer(answer);
    const { outcome } = await asked;
    assertEquals(textOf(outcome), answer instanceof Found ? "new" : answer);
    assertEquals(timers.size, 0);
  }
});

Deno.test("ReadThrough.ask() waits on where the stale value was changed meanwhile", async () => {
  const { origin, cache, time, softly } = await aged();
  const asked = cache.ask("key", time.now, NO_TERMS);
  cache.table.invalidate("key");
  softly();
  origin.reads[1]!.answer(found("new"));
  assertEquals(textOf((await asked).outcome), "new");
});

Deno.test("ReadThrough.ask() has no soft time-out without a stale value, or if asked not to take one", async () => {
  const without = await aged(0);
  without.cache.ask("key", without.time.now, NO_TERMS);
  assertEquals(without.timers.size, 0);
  const allowed = await aged();
  allowed.cache.ask("key", allowed.time.now, { ...NO_TERMS, maxAge: 0 });
  allowed.cache.ask("key", allowed.time.now, { ...NO_TERMS, staleIfError: 0 });
  assertEquals(allowed.timers.size, 0);
});

Deno.test("a key whose read just failed is not read again for a second, by no way of asking", async () => {
  const { origin, cache, time } = await aged(0);
  const failing = cache.get("key", time.now);
  origin.reads[1]!.answer(TIMEOUT);
  assertEquals(await failing, TIMEOUT);
  time.now += 999;
  assertEquals(await cache.get("key", time.now), TIMEOUT);
  assertEquals((await cache.ask("key", time.now, NO_TERMS)).outcome, TIMEOUT);
  assertEquals((await cache.ask("key", time.now, { ...NO_TERMS, maxAge: 0 })).outcome, TIMEOUT);
  const both = cache.getMany(["key", "other"], time.now);
  assertEquals(origin.reads.length, 3, "only the other key is read");
  assertEquals(origin.reads[2]!.keys, ["other"]);
  origin.reads[2]!.answer(null);
  assertEquals(await both, [TIMEOUT, null]);
  assertEquals(cache.stats.backedOff, 4);
  assertEquals(cache.explain("key", time.now)["backing-off"], "no answer");
  time.now += 1;
  assertEquals(cache.explain("key", time.now)["backing-off"], "no");
  const again = cache.get("key", time.now);
  origin.reads[3]!.answer(found("new"));
  assertEquals(textOf(await again), "new");
});

Deno.test("a key whose read just failed has its stale value answered at once", async () => {
  const { origin, cache, time, timers } = await aged();
  const failing = cache.ask("key", time.now, NO_TERMS);
  origin.reads[1]!.answer(TIMEOUT);
  assertEquals(textOf((await failing).outcome), "old");
  assertEquals(textOf((await cache.ask("key", time.now, NO_TERMS)).outcome), "old");
  assertEquals([origin.reads.length, timers.size], [2, 0]);
});

Deno.test("a read that was shed, or found no connection, is tried again at once", async () => {
  for (const reason of ["busy", "away"] as const) {
    const { origin, cache, time } = await aged(0);
    const failing = cache.get("key", time.now);
    origin.reads[1]!.answer(new Failure(reason, "no"));
    await failing;
    cache.get("key", time.now);
    assertEquals(origin.reads.length, 3, reason);
  }
});

Deno.test("a failed refresh ahead of time is not repeated by every hit", async () => {
  const time = { now: 0 };
  const origin = new FakeOrigin(() => time.now);
  const cache = makeCache(origin, { policy: { refreshAfter: 0.5 }, clock: () => time.now });
  const first = cache.get("key", 0);
  origin.reads[0]!.answer(found("value"));
  await first;
  time.now = 600;
  assert(!(cache.get("key", time.now) instanceof Promise));
  origin.reads[1]!.answer(TIMEOUT);
  for (let hit = 0; hit < 3; hit++) assertEquals(textOf(cache.get("key", 601) as Outcome), "value");
  assertEquals(origin.reads.length, 2);
});
