/** The load on a slow or failing Redis: soft timeout, backoff after a failed read. */
import { assert, assertEquals } from "@std/assert";
import { SoftWait } from "../../../src/cache/soft_wait.ts";
import { Later } from "../../../src/core/later.ts";
import { type Answer, Failure, Found, NO_TERMS } from "../../../src/core/types.ts";
import { askFor, getMany, makeCache, PLAIN, textOf } from "../../support/cache.ts";
import { FakeOrigin } from "../../support/fake_origin.ts";

const TIMEOUT = new Failure("timeout", "no answer");
const found = (text: string) => new Found(new TextEncoder().encode(text));

/** A cache whose "key" is past its time, with a clock and a soft timeout that the test controls. */
async function aged(staleIfError = 60_000) {
  const time = { now: 0 };
  const origin = new FakeOrigin(() => time.now);
  const timers = new Set<() => void>();
  const softWait = new SoftWait(50, (delay, run) => {
    assertEquals(delay, 50);
    timers.add(run);
    return () => timers.delete(run);
  });
  const cache = makeCache(origin, { policy: { staleIfError }, clock: () => time.now, softWait });
  const first = cache.get("key", 0, PLAIN);
  origin.reads[0]!.answer(found("old"));
  await first;
  time.now = 1500;
  const softly = () => timers.forEach((run) => run());
  return { origin, cache, time, timers, softly };
}

Deno.test("ReadThrough.get() with a stale value waits only for the soft timeout, and the read continues", async () => {
  const { origin, cache, time, timers, softly } = await aged();
  const asked = askFor(cache, "key", time.now, NO_TERMS);
  assertEquals(timers.size, 1);
  softly();
  const { answer, via, timeLeft } = await asked;
  assertEquals([textOf(answer), via, timeLeft], ["old", "hit", -500]);
  assertEquals([cache.flights, cache.stats.staleAnswers], [1, 1]);
  origin.reads[1]!.answer(found("new"));
  await askFor(cache, "key", time.now, NO_TERMS);
  assertEquals(textOf(cache.get("key", time.now, PLAIN) as Answer), "new");
  assertEquals(origin.reads.length, 2);
});

Deno.test("ReadThrough.get() answers with a reply within the soft timeout, and cancels the timer", async () => {
  for (const fetched of [found("new"), null, new Failure("reply", "WRONGTYPE x")]) {
    const { origin, cache, time, timers } = await aged();
    const asked = askFor(cache, "key", time.now, NO_TERMS);
    origin.reads[1]!.answer(fetched);
    const { answer } = await asked;
    assertEquals(textOf(answer), fetched instanceof Found ? "new" : fetched);
    assertEquals(timers.size, 0);
  }
});

Deno.test("ReadThrough.get() waits on if the stale value was changed meanwhile", async () => {
  const { origin, cache, time, softly } = await aged();
  const asked = askFor(cache, "key", time.now, NO_TERMS);
  cache.table.invalidate("key");
  softly();
  origin.reads[1]!.answer(found("new"));
  assertEquals(textOf((await asked).answer), "new");
});

Deno.test("ReadThrough.get() has no soft timeout without a stale value, or if the terms forbid it", async () => {
  const without = await aged(0);
  askFor(without.cache, "key", without.time.now, NO_TERMS);
  assertEquals(without.timers.size, 0);
  const allowed = await aged();
  askFor(allowed.cache, "key", allowed.time.now, { ...NO_TERMS, maxAge: 0 });
  askFor(allowed.cache, "key", allowed.time.now, { ...NO_TERMS, staleIfError: 0 });
  assertEquals(allowed.timers.size, 0);
});

Deno.test("a key whose read failed is not read again for a second, on any terms", async () => {
  const { origin, cache, time } = await aged(0);
  const failing = cache.get("key", time.now, PLAIN);
  origin.reads[1]!.answer(TIMEOUT);
  assertEquals(await failing, TIMEOUT);
  time.now += 999;
  assertEquals(await cache.get("key", time.now, PLAIN), TIMEOUT);
  assertEquals((await askFor(cache, "key", time.now, NO_TERMS)).answer, TIMEOUT);
  assertEquals((await askFor(cache, "key", time.now, { ...NO_TERMS, maxAge: 0 })).answer, TIMEOUT);
  const both = getMany(cache, ["key", "other"], time.now);
  assertEquals(origin.reads.length, 3, "only the other key is read");
  assertEquals(origin.reads[2]!.keys, ["other"]);
  origin.reads[2]!.answer(null);
  assertEquals(await both, [TIMEOUT, null]);
  assertEquals(cache.stats.backedOff, 4);
  assertEquals(cache.explain("key", time.now)["backing-off"], "no answer");
  time.now += 1;
  assertEquals(cache.explain("key", time.now)["backing-off"], "no");
  const again = cache.get("key", time.now, PLAIN);
  origin.reads[3]!.answer(found("new"));
  assertEquals(textOf(await again), "new");
});

Deno.test("a key whose read just failed gets its stale value at once", async () => {
  const { origin, cache, time, timers } = await aged();
  const failing = askFor(cache, "key", time.now, NO_TERMS);
  origin.reads[1]!.answer(TIMEOUT);
  assertEquals(textOf((await failing).answer), "old");
  assertEquals(textOf((await askFor(cache, "key", time.now, NO_TERMS)).answer), "old");
  assertEquals([origin.reads.length, timers.size], [2, 0]);
});

Deno.test("a read that was shed, or had no connection, is tried again at once", async () => {
  for (const reason of ["busy", "away"] as const) {
    const { origin, cache, time } = await aged(0);
    const failing = cache.get("key", time.now, PLAIN);
    origin.reads[1]!.answer(new Failure(reason, "no"));
    await failing;
    cache.get("key", time.now, PLAIN);
    assertEquals(origin.reads.length, 3, reason);
  }
});

Deno.test("a failed refresh ahead of time is not repeated by every hit", async () => {
  const time = { now: 0 };
  const origin = new FakeOrigin(() => time.now);
  const cache = makeCache(origin, { policy: { refreshAfter: 0.5 }, clock: () => time.now });
  const first = cache.get("key", 0, PLAIN);
  origin.reads[0]!.answer(found("value"));
  await first;
  time.now = 600;
  assert(!(cache.get("key", time.now, PLAIN) instanceof Later));
  origin.reads[1]!.answer(TIMEOUT);
  for (let hit = 0; hit < 3; hit++) {
    assertEquals(textOf(cache.get("key", 601, PLAIN) as Answer), "value");
  }
  assertEquals(origin.reads.length, 2);
});
