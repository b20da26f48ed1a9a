/** The keys that ReadThrough reads in one trip, and the outcome of each. */
import { assert, assertEquals } from "@std/assert";
import { Later } from "../../../src/core/later.ts";
import { type Answer, Failure, Found, NO_TERMS } from "../../../src/core/types.ts";
import { CacheKey } from "../../../src/cache/key.ts";
import { ReadThrough } from "../../../src/cache/read_through.ts";
import {
  askFor,
  type CacheOptions,
  getMany,
  makeCache,
  PLAIN,
  textOf,
} from "../../support/cache.ts";
import { FakeOrigin } from "../../support/fake_origin.ts";

const CHUNK_BYTES = 65_536;
const FORCED = { ...NO_TERMS, maxAge: 0 };

/** A value as it comes from a socket: a part of a larger buffer. */
function found(text: string): Found {
  const chunk = new Uint8Array(CHUNK_BYTES);
  const { written } = new TextEncoder().encodeInto(text, chunk.subarray(100));
  return new Found(chunk.subarray(100, 100 + written));
}

/** A tracked cache whose reads leave when the test ends the turn. */
function boarding(options: CacheOptions = {}) {
  const origin = new FakeOrigin(() => 0);
  const departures: (() => void)[] = [];
  const cache = makeCache(origin, {
    mode: "auto",
    lease: 1e6,
    ...options,
    clock: () => 0,
    atEndOfTurn: (depart) => departures.push(depart),
  });
  cache.table.channel.up(true, 0);
  const depart = () => {
    for (const each of departures.splice(0)) each();
  };
  return { cache, table: cache.table, origin, depart };
}

const keysOf = ({ reads }: FakeOrigin) => reads.map(({ keys }) => [...keys]);

Deno.test("ReadThrough reads the misses of one turn in one trip, and each key once", async () => {
  const { cache, origin, depart } = boarding();
  const asked = ["a", "b", "a", "c"].map((key) => cache.get(key, 0, PLAIN));
  const answer = askFor(cache, "b", 0, NO_TERMS);
  assertEquals(origin.reads.length, 0);
  depart();
  assertEquals(keysOf(origin), [["a", "b", "c"]]);
  const failure = new Failure("reply", "WRONGTYPE");
  origin.reads[0]!.answer(found("1"), null, failure);
  assertEquals((await Promise.all(asked)).map(textOf), ["1", null, "1", failure]);
  assertEquals((await answer).answer, null);
});

Deno.test("ReadThrough sends a full trip at once, and the rest at the end of the turn", async () => {
  const { cache, origin, depart } = boarding();
  const keys = Array.from({ length: 40 }, (_, index) => `key:${index}`);
  const asked = keys.map((key) => cache.get(key, 0, PLAIN));
  assertEquals(origin.reads.map(({ keys }) => keys.length), [16, 16]);
  depart();
  assertEquals(keysOf(origin), [keys.slice(0, 16), keys.slice(16, 32), keys.slice(32)]);
  for (const read of origin.reads) read.answer(...read.keys.map(found));
  assertEquals((await Promise.all(asked)).map(textOf), keys);
});

Deno.test("ReadThrough.together() sends all its misses in one trip, and no trip without misses", async () => {
  const { cache, origin, depart } = boarding();
  const before = cache.get("before", 0, PLAIN);
  const keys = Array.from({ length: 300 }, (_, index) => `key:${index}`);
  const asked = cache.together(() => keys.map((key) => cache.get(key, 0, PLAIN)));
  assertEquals(keysOf(origin), [keys]);
  const after = cache.get("after", 0, PLAIN);
  cache.together(() => assert(cache.get("before", 0, PLAIN) instanceof Later));
  depart();
  assertEquals(keysOf(origin), [keys, ["before", "after"]]);
  for (const read of origin.reads) read.answer(...read.keys.map(found));
  assertEquals((await Promise.all(asked)).map(textOf), keys);
  assertEquals([textOf(await before), textOf(await after)], ["before", "after"]);
});

Deno.test("a turn ends by itself before the next task of the event loop", async () => {
  const { table, stats } = makeCache(new FakeOrigin());
  const origin = new FakeOrigin();
  const cache = new ReadThrough(origin, table, stats);
  cache.get("a", 0, PLAIN);
  cache.get("b", 0, PLAIN);
  assertEquals(origin.reads.length, 0);
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(keysOf(origin), [["a", "b"]]);
});

Deno.test("a key that is changed before its read is sent is cached, because the read is newer", async () => {
  const { cache, table, origin, depart } = boarding();
  const asked = cache.get("key", 0, PLAIN);
  table.invalidate("key");
  table.flush();
  depart();
  origin.reads[0]!.answer(found("new"));
  assertEquals(textOf(await asked), "new");
  assertEquals(textOf(cache.get("key", 0, PLAIN) as Answer), "new");
});

Deno.test("a key that is changed during its read is answered, but not cached", async () => {
  const { cache, table, origin, depart } = boarding();
  const asked = ["changed", "other"].map((key) => cache.get(key, 0, PLAIN));
  depart();
  table.invalidate("changed");
  const later = cache.get("changed", 0, PLAIN);
  depart();
  assertEquals(keysOf(origin), [["changed", "other"], ["changed"]]);
  origin.reads[0]!.answer(found("old"), found("value"));
  assertEquals((await Promise.all(asked)).map(textOf), ["old", "value"]);
  assertEquals(table.look(new CacheKey("changed")).entry, undefined);
  assertEquals(textOf(cache.get("other", 0, PLAIN) as Answer), "value");
  origin.reads[1]!.answer(found("new"));
  assertEquals([textOf(await later), textOf(cache.get("changed", 0, PLAIN) as Answer)], [
    "new",
    "new",
  ]);
});

Deno.test("a forced read counts if another read of its key begins in the same turn, in either order", async () => {
  {
    const { cache, origin, depart } = boarding();
    const asked = cache.get("key", 0, PLAIN);
    const forced = askFor(cache, "key", 0, FORCED);
    depart();
    assertEquals(keysOf(origin), [["key", "key"]]);
    origin.reads[0]!.answer(found("1"), found("2"));
    assertEquals([textOf(await asked), textOf((await forced).answer)], ["1", "2"]);
    assertEquals((await forced).isStored, true);
    assertEquals(textOf(cache.get("key", 0, PLAIN) as Answer), "2");
  }
  const { cache, origin, depart } = boarding();
  const forced = askFor(cache, "key", 0, FORCED);
  const asked = cache.get("key", 0, PLAIN);
  depart();
  assertEquals(keysOf(origin), [["key"]]);
  origin.reads[0]!.answer(found("1"));
  assertEquals([textOf(await asked), textOf((await forced).answer)], ["1", "1"]);
});

Deno.test("a cached value holds no memory of its trip, and all requests share its bytes", async () => {
  const { cache, origin, depart } = boarding();
  const asked = ["small", "large"].map((key) => cache.get(key, 0, PLAIN));
  depart();
  origin.reads[0]!.answer(found("value"), found("v".repeat(10_000)));
  const values = (await Promise.all(asked)).map((one) => one as Uint8Array);
  // A small value shares its memory with its key.
  assertEquals(values.map(({ buffer }) => buffer.byteLength), ["valuesmall".length, 10_000]);
  const kept = ["small", "large"].map((key) => cache.get(key, 0, PLAIN) as Uint8Array);
  assert(kept.every(({ buffer }, index) => buffer === values[index]!.buffer), "another copy");
});

Deno.test("a value that is not cached holds no memory of its trip", async () => {
  const ways: Record<string, [CacheOptions, Partial<typeof NO_TERMS>?]> = {
    "larger than the value limit": [{ policy: { valueLimit: 4 } }],
    "larger than the cache": [{ bytes: 100 }],
    "no time to live": [{ timeToLive: 0 }],
    "no store": [{}, { mayStore: false }],
    "no entries": [{ entries: 0 }],
  };
  for (const [name, [options, terms]] of Object.entries(ways)) {
    const { cache, origin, depart } = boarding(options);
    const asked = askFor(cache, "key", 0, { ...NO_TERMS, ...terms });
    depart();
    origin.reads[0]!.answer(found("value"));
    const { answer, isStored } = await asked;
    assertEquals((answer as Uint8Array).buffer.byteLength, 5, name);
    assertEquals([isStored, cache.size], [false, 0], name);
  }
});

Deno.test("an absent key without room is not reported as stored", async () => {
  // A tenth of nine entries is none.
  const { cache, origin, depart } = boarding({ entries: 9, absence: 1000 });
  const asked = askFor(cache, "key", 0, NO_TERMS);
  depart();
  origin.reads[0]!.answer(null);
  assertEquals((await asked).isStored, false);
});

Deno.test("a large value that arrives late delays no other key of its trip", async () => {
  const { cache, origin, depart } = boarding();
  const first = getMany(cache, ["a", "b"], 0);
  const second = cache.get("b", 0, PLAIN);
  depart();
  const [a, b] = origin.reads[0]!.flights;
  b!.settled(found("large b"), 0);
  assertEquals(textOf(await second), "large b");
  assertEquals([cache.flights, cache.size], [1, 1]);
  a!.settled(new Failure("away", "lost"), 0);
  assertEquals((await first).map(textOf), [new Failure("away", "lost"), "large b"]);
  assertEquals([cache.flights, cache.size], [0, 1]);
});

Deno.test("a large value is as old as its second read, the other values as old as the first", async () => {
  const { cache, origin, depart } = boarding();
  const asked = getMany(cache, ["a", "b"], 0);
  depart();
  origin.reads[0]!.flights[1]!.sent(20);
  origin.reads[0]!.answer(found("value"), found("value"));
  await asked;
  const entries = ["a", "b"].map((key) => cache.table.look(new CacheKey(key)).entry!);
  assertEquals(entries.map(({ validFrom }) => validFrom), [0, 20]);
});

Deno.test("an origin that settles a whole trip at once answers each key", async () => {
  const origin = new FakeOrigin(() => 0);
  origin.read = (flights) =>
    flights.forEach((flight) => flight.settled(new Failure("away", "x"), 0));
  const cache = makeCache(origin, { atEndOfTurn: queueMicrotask });
  const asked = Array.from({ length: 40 }, (_, index) => cache.get(`${index}`, 0, PLAIN));
  const answers = Array.from({ length: 40 }, (_, index) => askFor(cache, `${index}`, 0, FORCED));
  const outcomes = await Promise.all(asked);
  assertEquals(outcomes.map((one) => (one as Failure).reason), Array(40).fill("away"));
  for (const answer of answers) assertEquals(((await answer).answer as Failure).reason, "away");
});

Deno.test("ReadThrough fails only the requests for a value for which there is no memory", async () => {
  const { cache, table, origin, depart } = boarding();
  const asked = ["a", "b"].map((key) => cache.get(key, 0, PLAIN));
  const { policies } = table;
  const of = policies.of.bind(policies);
  policies.of = (key) => {
    if (key === "a") throw new RangeError("Array buffer allocation failed");
    return of(key);
  };
  depart();
  origin.reads[0]!.answer(found("1"), found("2"));
  const [first, second] = await Promise.all(asked);
  assert(first instanceof Failure && first.reason === "broken");
  assertEquals([textOf(second!), table.flying], ["2", 0]);
});
