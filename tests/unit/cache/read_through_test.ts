import { assert, assertEquals } from "@std/assert";
import { Later } from "../../../src/core/later.ts";
import { type Answer, Failure, type Key, NO_TERMS } from "../../../src/core/types.ts";
import { ENTRY_OVERHEAD_BYTES } from "../../../src/cache/store/recent_entry.ts";
import { askFor, type CacheOptions, makeCache, PLAIN, textOf } from "../../support/cache.ts";
import { FakeOrigin } from "../../support/fake_origin.ts";

const TTL = 1000;
const bytes = (text: string) => new TextEncoder().encode(text);

function cacheOf(options: CacheOptions = {}) {
  const time = { now: 0 };
  const origin = new FakeOrigin(() => time.now);
  const cache = makeCache(origin, { timeToLive: TTL, ...options, clock: () => time.now });
  const { stats, table } = cache;
  /** Reads a key that is a miss, and answers it. */
  const fill = async (key: Key, value: Uint8Array | null | Failure, now = 0) => {
    time.now = now;
    const outcome = cache.get(key, now, PLAIN);
    origin.reads.at(-1)!.answer(value);
    return await outcome;
  };
  return { cache, origin, stats, table, time, fill };
}

Deno.test("ReadThrough.get() reads a miss from the origin, and answers the next request from memory", async () => {
  const { cache, origin, stats, fill } = cacheOf();
  assertEquals(textOf(await fill("key", bytes("value"))), "value");
  assertEquals(textOf(cache.get("key", 1, PLAIN) as Answer), "value");
  assertEquals(origin.reads.length, 1);
  assertEquals([stats.hits, stats.misses], [1, 1]);
});

Deno.test("ReadThrough.get() joins an in-flight read of the same key", async () => {
  const { cache, origin } = cacheOf();
  const all = Array.from({ length: 50 }, () => cache.get("key", 0, PLAIN));
  assertEquals([origin.reads.length, cache.flights], [1, 1]);
  origin.reads[0]!.answer(bytes("value"));
  assertEquals((await Promise.all(all)).map(textOf), Array(50).fill("value"));
  assertEquals(cache.flights, 0);
});

Deno.test("ReadThrough serves an entry until the end of its lifetime, exclusive", async () => {
  const { cache, origin, fill } = cacheOf();
  await fill("key", bytes("old"), 5000);
  assertEquals(textOf(cache.get("key", 5000 + TTL - 1, PLAIN) as Answer), "old");
  const next = cache.get("key", 5000 + TTL, PLAIN);
  assert(next instanceof Later);
  origin.reads[1]!.answer(bytes("new"));
  assertEquals(textOf(await next), "new");
});

Deno.test("ReadThrough with a lifetime of 0 caches nothing, and still joins reads", async () => {
  const { cache, origin, fill } = cacheOf({ timeToLive: 0 });
  await fill("key", bytes("value"));
  assert(cache.get("key", 0, PLAIN) instanceof Later);
  assert(cache.get("key", 0, PLAIN) instanceof Later);
  assertEquals(origin.reads.length, 2);
});

Deno.test("ReadThrough caches no absence without tracking, and drops the value of a deleted key", async () => {
  const { cache, fill } = cacheOf();
  assertEquals(await fill("key", null), null);
  assertEquals(cache.size, 0);
  assertEquals(textOf(await fill("key", bytes("value"))), "value");
  assertEquals(await fill("key", null, TTL), null);
  assertEquals(cache.size, 0);
});

Deno.test("ReadThrough caches no failure, and gives it to all waiting requests", async () => {
  const { cache, origin } = cacheOf();
  const failure = new Failure("away", "gone");
  const all = [cache.get("key", 0, PLAIN), cache.get("key", 0, PLAIN)];
  origin.reads[0]!.answer(failure);
  assertEquals(await Promise.all(all), [failure, failure]);
  assertEquals([cache.size, cache.flights], [0, 0]);
});

Deno.test("ReadThrough caches an empty value as a value", async () => {
  const { cache, fill } = cacheOf();
  assertEquals(textOf(await fill("key", bytes(""))), "");
  assertEquals(textOf(cache.get("key", 1, PLAIN) as Answer), "");
});

Deno.test("ReadThrough evicts the least recently used entry beyond its number of entries", async () => {
  const { cache, fill } = cacheOf({ entries: 3 });
  for (const key of ["a", "b", "c"]) await fill(key, bytes(key));
  cache.get("a", 1, PLAIN);
  await fill("d", bytes("d"), 1);
  assertEquals(cache.size, 3);
  const kept = ["a", "c", "d", "b"].map((key) => !(cache.get(key, 2, PLAIN) instanceof Later));
  assertEquals(kept, [true, true, true, false]);
});

Deno.test("ReadThrough stays within its bytes, overhead included", async () => {
  const bound = 10 * (1000 + 3 + ENTRY_OVERHEAD_BYTES);
  const { cache, fill } = cacheOf({ bytes: bound });
  for (let index = 100; index < 200; index++) {
    await fill(`${index}`, new Uint8Array(1000));
    assert(cache.bytes <= bound);
  }
  assertEquals([cache.size, cache.bytes], [10, bound]);
});

Deno.test("ReadThrough answers with a value that is too large to cache, and keeps the others", async () => {
  const { cache, fill } = cacheOf({ bytes: 10_000 });
  await fill("small", bytes("value"));
  const large = await fill("large", new Uint8Array(20_000));
  assert(large instanceof Uint8Array && large.length === 20_000);
  assertEquals(cache.size, 1);
});

Deno.test("ReadThrough.get() with a forced read replaces an older read, whose result is not cached", async () => {
  const { cache, origin } = cacheOf();
  const older = cache.get("key", 0, PLAIN);
  const forced = askFor(cache, "key", 10, { ...NO_TERMS, maxAge: 0 });
  assertEquals(origin.reads.length, 2);
  const joined = cache.get("key", 11, PLAIN);
  origin.reads[1]!.answer(bytes("new"));
  assertEquals(textOf((await forced).answer), "new");
  assertEquals(textOf(await joined), "new");
  origin.reads[0]!.answer(bytes("old"));
  assertEquals(textOf(await older), "old");
  assertEquals(textOf(cache.get("key", 12, PLAIN) as Answer), "new");
});

Deno.test("ReadThrough.get() neither caches nor reads if the terms forbid it", async () => {
  const { cache, origin } = cacheOf();
  const { answer } = await askFor(cache, "key", 0, { ...NO_TERMS, mayForward: false });
  assert(answer instanceof Failure && answer.reason === "uncached");
  assertEquals(origin.reads.length, 0);
  const unkept = askFor(cache, "key", 0, { ...NO_TERMS, mayStore: false });
  origin.reads[0]!.answer(bytes("value"));
  assertEquals([textOf((await unkept).answer), (await unkept).isStored], ["value", false]);
  assertEquals(cache.size, 0);
});
