/** ReadThrough applies the table's rules: stale answers, fences, refreshes, explanations. */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { Later } from "../../../src/core/later.ts";
import { type Answer, Failure, Found, type Key, NO_TERMS } from "../../../src/core/types.ts";
import { askFor, type CacheOptions, makeCache, PLAIN, textOf } from "../../support/cache.ts";
import { CacheKey } from "../../../src/cache/key.ts";
import { FakeOrigin } from "../../support/fake_origin.ts";

const LEASE = 100;
const AWAY = new Failure("away", "Redis is away");

const bytes = (text: string) => new TextEncoder().encode(text);

/** A tracked cache at the moment 0, with a clock that the test sets. */
function tracked(options: CacheOptions = {}) {
  const time = { now: 0 };
  const origin = new FakeOrigin(() => time.now);
  const cache = makeCache(origin, {
    mode: "auto",
    lease: LEASE,
    timeToLive: 10_000,
    absence: 10_000,
    ...options,
    clock: () => time.now,
  });
  const { table, stats } = cache;
  table.channel.up(true, 0);
  const fill = async (key: Key, value: string | null, timeToLive = Infinity) => {
    const outcome = cache.get(key, time.now, PLAIN);
    origin.reads.at(-1)!.answer(value === null ? null : new Found(bytes(value), timeToLive));
    return await outcome;
  };
  /** Lets time pass while both connections answer. */
  const pass = (duration: number) => {
    time.now += duration;
    table.channel.answered("data", time.now);
    table.channel.answered("invalidation", time.now);
  };
  /** Requests a key, and lets the origin answer if it is asked. */
  const ask = async (key: Key, fetched: Found | null | Failure, terms = NO_TERMS) => {
    const before = origin.reads.length;
    const answer = askFor(cache, key, time.now, terms);
    origin.reads[before]?.answer(fetched);
    return await answer;
  };
  return { cache, origin, table, stats, time, fill, pass, ask };
}

const sieMinute = { policy: { staleIfError: 60_000 } };

Deno.test("ReadThrough.get() serves a hit while the lease holds, and reads afterwards", async () => {
  const { cache, origin, table, time, fill } = tracked();
  await fill("key", "value");
  time.now = LEASE - 1;
  assertEquals(textOf(cache.get("key", time.now, PLAIN) as Answer), "value");
  time.now = LEASE;
  const lapsed = cache.get("key", time.now, PLAIN);
  assert(lapsed instanceof Later);
  origin.reads[1]!.answer(AWAY);
  assertEquals(await lapsed, AWAY);
  // Both answer again, so the entries kept meanwhile are as good as before.
  table.channel.answered("data", LEASE - 10);
  assert(cache.get("key", time.now, PLAIN) instanceof Later);
  table.channel.answered("invalidation", LEASE - 20);
  assertEquals(textOf(cache.get("key", time.now, PLAIN) as Answer), "value");
});

Deno.test("ReadThrough.get() treats a key as bytes and as text alike", async () => {
  for (const crowd of [0, 1001]) {
    const { cache, stats, origin, table, time, fill, pass } = tracked({ entries: 2000 });
    for (let other = 0; other < crowd; other++) await fill(`other ${other}`, "value");
    const hits = stats.hits;
    const found = (key: string) => {
      const at = { bytes: Buffer.from(`<${key}>`), from: 1, to: 1 + key.length };
      const byBytes = cache.get(at, time.now, PLAIN);
      const byText = cache.get(key, time.now, PLAIN);
      return [byBytes, byText].map((one) => one instanceof Later ? "reads" : textOf(one));
    };
    const settle = () => origin.reads.at(-1)!.answer(bytes("new"));
    assertEquals(found("key"), ["reads", "reads"]);
    origin.reads.at(-1)!.answer(bytes("value"));
    assertEquals([found("key"), stats.hits - hits], [["value", "value"], 2]);
    time.now = LEASE;
    assertEquals(found("key"), ["reads", "reads"]);
    settle();
    pass(1);
    assertEquals(found("key"), ["new", "new"]);
    table.invalidate("key");
    assertEquals(found("key"), ["reads", "reads"]);
    settle();
    await fill("gone", null);
    assertEquals(found("gone"), [null, null]);
    for (const happen of [() => table.flush(), () => table.channel.down(time.now)]) {
      assertEquals(found("key"), ["new", "new"]);
      happen();
      assertEquals(found("key"), ["reads", "reads"]);
      settle();
    }
  }
});

Deno.test("ReadThrough.get() counts the age of a hit from the last proof, not from its read", async () => {
  const { fill, pass, time, ask } = tracked();
  await fill("key", "value");
  pass(5000);
  time.now += 30;
  const { via, age, timeLeft } = await ask("key", AWAY);
  assertEquals([via, age, timeLeft], ["hit", 30, 10_000 - 5030]);
});

Deno.test("ReadThrough.get() serves a stale value while Redis is away, with a negative time left", async () => {
  const { table, fill, pass, time, ask, stats } = tracked(sieMinute);
  await fill("key", "value");
  pass(1000);
  table.channel.down(time.now);
  time.now += 500;
  const { answer, via, timeLeft, age } = await ask("key", AWAY);
  assertEquals([textOf(answer), via, timeLeft, age], ["value", "hit", -500, 500]);
  assertEquals(stats.staleAnswers, 1);
  time.now += 60_000;
  assertEquals((await ask("key", AWAY)).answer, AWAY);
});

Deno.test("ReadThrough.get() serves no stale value without --stale-if-error, or if the terms forbid it", async () => {
  const { table, fill, time, ask } = tracked();
  await fill("key", "value");
  table.channel.down(time.now);
  assertEquals((await ask("key", AWAY)).answer, AWAY);
  const allowed = tracked(sieMinute);
  await allowed.fill("key", "value");
  allowed.table.channel.down(allowed.time.now);
  allowed.time.now += 10;
  const none = { ...NO_TERMS, staleIfError: 5 };
  assertEquals((await allowed.ask("key", AWAY, none)).answer, AWAY);
  const forced = { ...NO_TERMS, maxAge: 0 };
  assertEquals((await allowed.ask("key", AWAY, forced)).answer, AWAY);
});

Deno.test("a stale value never hides an answer of Redis: an absent key, or an error about the key", async () => {
  for (const answer of [null, new Failure("reply", "WRONGTYPE Operation against a key")]) {
    const { table, fill, time, ask } = tracked(sieMinute);
    await fill("key", "value");
    table.channel.down(time.now);
    table.channel.up(true, time.now);
    assertEquals((await ask("key", answer)).answer, answer);
    table.channel.down(time.now);
    assertEquals((await ask("key", AWAY)).answer, AWAY, "and it is gone after that");
  }
});

Deno.test("a stale value is served while Redis is loading", async () => {
  const { table, fill, time, ask } = tracked(sieMinute);
  await fill("key", "value");
  table.channel.down(time.now);
  const loading = new Failure("reply", "LOADING Redis is loading the dataset in memory");
  assertEquals(textOf((await ask("key", loading)).answer), "value");
});

Deno.test("an entry that is known to be wrong is never served stale", async () => {
  const wrong: Record<string, (it: ReturnType<typeof tracked>) => void> = {
    "invalidated": ({ table }) => table.invalidate("key"),
    "flushed": ({ table }) => table.flush(),
    "past its own end in Redis": ({ time }) => time.now += 2000,
  };
  for (const [name, happen] of Object.entries(wrong)) {
    const it = tracked(sieMinute);
    await it.fill("key", "value", 1500);
    happen(it);
    it.table.channel.down(it.time.now);
    assertEquals((await it.ask("key", AWAY)).answer, AWAY, name);
  }
});

Deno.test("ReadThrough.get() with max-stale serves an old value without a read, within the window", async () => {
  const { table, fill, time, ask, origin } = tracked(sieMinute);
  await fill("key", "value");
  table.channel.down(time.now);
  time.now += 1000;
  const terms = { ...NO_TERMS, maxStale: 5000 };
  assertEquals(textOf((await ask("key", AWAY, terms)).answer), "value");
  assertEquals(origin.reads.length, 1);
});

Deno.test("ReadThrough.get() never serves a value past its expiry in Redis", async () => {
  const { cache, fill, pass, time } = tracked();
  await fill("key", "value", 50);
  pass(49);
  assertEquals(textOf(cache.get("key", time.now, PLAIN) as Answer), "value");
  pass(1);
  assert(cache.get("key", time.now, PLAIN) instanceof Later);
});

Deno.test("ReadThrough does not cache a value whose expiry is unknown or now", async () => {
  const { cache, fill } = tracked();
  assertEquals(textOf(await fill("key", "value", 0)), "value");
  assertEquals(cache.size, 0);
});

Deno.test("ReadThrough caches absent keys, as at most a tenth of its entries", async () => {
  const { cache, fill, pass, time } = tracked({ entries: 100 });
  await fill("kept", "value");
  for (let index = 0; index < 300; index++) await fill(`missing ${index}`, null);
  assertEquals(cache.size, 1 + 10);
  pass(1);
  assertEquals(cache.get("missing 299", time.now, PLAIN), null);
  assertEquals(textOf(cache.get("kept", time.now, PLAIN) as Answer), "value");
  cache.table.invalidate("missing 299");
  assert(cache.get("missing 299", time.now, PLAIN) instanceof Later);
});

Deno.test("ReadThrough.get() refreshes a key in use before it expires, and serves hits meanwhile", async () => {
  const { cache, origin, stats, fill, pass, time } = tracked({ policy: { refreshAfter: 0.8 } });
  await fill("key", "old");
  await fill("short", "value", 9000);
  pass(7999);
  cache.get("key", time.now, PLAIN);
  assertEquals(origin.reads.length, 2);
  pass(1);
  assertEquals(textOf(cache.get("key", time.now, PLAIN) as Answer), "old");
  assertEquals(textOf(cache.get("key", time.now, PLAIN) as Answer), "old");
  // A value that Redis will soon delete is not refreshed.
  assertEquals(textOf(cache.get("short", time.now, PLAIN) as Answer), "value");
  assertEquals([origin.reads.length, stats.refreshes], [3, 1]);
  origin.reads[2]!.answer(bytes("new"));
  await Promise.resolve();
  await Promise.resolve();
  assertEquals(textOf(cache.get("key", time.now, PLAIN) as Answer), "new");
});

Deno.test("ReadThrough.get() with a fence serves from the cache once all changes are known", async () => {
  const { cache, origin, fill, time } = tracked();
  await fill("key", "value");
  let pass: (isPassed: boolean) => void = () => {};
  origin.fence = () => new Promise((resolve) => pass = resolve);
  const terms = { ...NO_TERMS, isFenced: true };
  const first = askFor(cache, "key", time.now, terms);
  pass(true);
  assertEquals([(await first).via, textOf((await first).answer)], ["hit", "value"]);
  // A value that changed before the fence passed is not served.
  const second = askFor(cache, "key", time.now, terms);
  cache.table.invalidate("key");
  pass(true);
  await new Promise((resolve) => setTimeout(resolve));
  origin.reads[1]!.answer(bytes("new"));
  assertEquals(textOf((await second).answer), "new");
  // If nothing can be proven, the origin is asked.
  const third = askFor(cache, "key", time.now, terms);
  pass(false);
  await new Promise((resolve) => setTimeout(resolve));
  origin.reads[2]!.answer(bytes("newer"));
  assertEquals(textOf((await third).answer), "newer");
});

Deno.test("ReadThrough without tracking caches values for their lifetime, or none if it is required", async () => {
  for (const [mode, kept] of [["auto", true], ["required", false]] as const) {
    const origin = new FakeOrigin(() => 0);
    const cache = makeCache(origin, { mode, clock: () => 0 });
    cache.table.channel.up(false, 0);
    const outcome = cache.get("key", 0, PLAIN);
    origin.reads[0]!.answer(bytes("value"));
    await outcome;
    assertEquals(!(cache.get("key", 999, PLAIN) instanceof Later), kept, mode);
  }
});

Deno.test("ReadThrough.explain() shows the entry, its times, and why the key last missed", async () => {
  const { cache, fill, time, table } = tracked();
  assertEquals(cache.explain("key", 0).cached, "no");
  await fill("key", "value", 5000);
  time.now = 40;
  const { cached, size, age, epoch, policy, channel, ...rest } = cache.explain("key", 40);
  assertEquals([cached, size, age, policy, channel], ["yes", "5", "40", "*", "tracked"]);
  assertEquals([epoch, rest["entry-epoch"], rest["time-left"]], ["1", "1", "4960"]);
  assertEquals(rest["last-miss"], "never kept");
  table.invalidate("key");
  assertEquals(cache.explain("key", 40)["last-miss"], "invalidated");
  await fill("key", "value");
  table.flush();
  cache.get("key", 41, PLAIN);
  assertEquals(cache.explain("key", 41)["last-miss"], "flushed");
  assertEquals(cache.explain("key", 41).reading, "sent");
});

Deno.test("a fenced read never gets a stale value, whatever the settings allow", async () => {
  for (const failure of [AWAY, new Failure("busy", "Too many reads wait")]) {
    const { table, origin, fill, time, cache } = tracked(sieMinute);
    await fill("key", "old");
    table.channel.down(time.now);
    table.channel.up(true, time.now += 10);
    origin.fence = () => Promise.resolve(true);
    const answer = askFor(cache, "key", time.now, { ...NO_TERMS, isFenced: true });
    await origin.fence();
    while (origin.reads.length < 2) await Promise.resolve();
    origin.reads[1]!.answer(failure);
    assertEquals((await answer).answer, failure);
  }
});

Deno.test("a key without announcements is as old as its read, and a fence reads it again", async () => {
  const { cache, origin, fill, pass, time, ask } = tracked({ covers: (key) => key === "told" });
  origin.fence = () => Promise.resolve(true);
  for (const key of ["told", "untold"]) await fill(key, "value");
  pass(5000);
  assertEquals((await ask("told", AWAY)).age, 0);
  assertEquals((await ask("untold", AWAY)).age, 5000);
  const fenced = { ...NO_TERMS, isFenced: true };
  assertEquals(textOf((await askFor(cache, "told", time.now, fenced)).answer), "value");
  const read = askFor(cache, "untold", time.now, fenced);
  while (origin.reads.length < 3) await Promise.resolve();
  origin.reads[2]!.answer(new Found(bytes("newer")));
  assertEquals(textOf((await read).answer), "newer");
});

Deno.test("the table knows whether a fence is enough, or holds keys without announcements", async () => {
  const { cache: { table }, fill } = tracked({ covers: (key) => key === "told" });
  await fill("told", "value");
  assert(table.coversAll);
  await fill("untold", "value");
  assert(!table.coversAll);
  table.flush();
  assert(table.coversAll);
});

Deno.test("a forced read that fails keeps the entry if Redis announces no changes", async () => {
  const { cache, time, fill, ask } = tracked({ mode: "off" });
  await fill("key", "value");
  time.now += 10;
  assertEquals((await ask("key", AWAY, { ...NO_TERMS, maxAge: 0 })).answer, AWAY);
  assertEquals(textOf(cache.get("key", time.now, PLAIN) as Answer), "value");
});

Deno.test("the age of a stale value without announcements counts from its read", async () => {
  const { time, fill, ask } = tracked({ ...sieMinute, mode: "off", timeToLive: 3000 });
  await fill("key", "value");
  time.now += 4000;
  const { answer, age, timeLeft } = await ask("key", AWAY);
  assertEquals([textOf(answer), age, timeLeft], ["value", 4000, -1000]);
});

Deno.test("the reason of a miss is remembered for keys of any length", async () => {
  const { table, ask } = tracked();
  for (const length of [0, 1, 256, 70_000]) {
    const key = "k".repeat(length);
    await ask(key, null);
    assertEquals(table.look(new CacheKey(key)).miss, "never kept", `${length} bytes`);
  }
});

Deno.test("an answer of a replica ages from the moment up to which the replica had all changes", async () => {
  const { cache, origin, time, stats } = tracked();
  time.now = 1000;
  cache.table.channel.answered("data", 1000);
  cache.table.channel.answered("invalidation", 1000);
  origin.validFrom = 940;
  const first = askFor(cache, "k", time.now, PLAIN);
  time.now = 1040;
  // A read that can be a lease old is joined, an older one is not.
  const second = askFor(cache, "k", time.now, PLAIN);
  assertEquals([origin.reads.length, stats.collapsed], [1, 1]);
  time.now = 1041;
  const third = askFor(cache, "k", time.now, PLAIN);
  assertEquals(origin.reads.length, 2);
  origin.reads[0]!.answer(bytes("v"));
  origin.reads[1]!.answer(bytes("v"));
  assertEquals([(await first).age, (await second).age, (await third).age], [101, 101, 101]);
  assertEquals(cache.explain("k", time.now)["age"], "101");
});

Deno.test("an answer that must not be cached is not, and its key is asked for again", async () => {
  const { cache, origin, time } = tracked();
  origin.mayKeep = false;
  for (const value of [bytes("v"), null]) {
    const answer = askFor(cache, "k", time.now, PLAIN);
    origin.reads.at(-1)!.answer(value);
    await answer;
    assertEquals(cache.explain("k", time.now)["cached"], "no");
  }
  assertEquals(origin.reads.length, 2);
});
