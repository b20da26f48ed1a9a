/** What ReadThrough reads in one trip, and what becomes of each of its keys. */
import { assert, assertEquals } from "@std/assert";
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

/** A value as it comes from a socket: a part of all that came with it. */
function found(text: string): Found {
  const chunk = new Uint8Array(CHUNK_BYTES);
  const { written } = new TextEncoder().encodeInto(text, chunk.subarray(100));
  return new Found(chunk.subarray(100, 100 + written));
}

/** A tracked cache whose reads leave when the test says that the turn is over. */
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

Deno.test("ReadThrough reads what is missed in one turn in one trip, a key that is asked twice once", async () => {
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

Deno.test("ReadThrough has a trip leave when it is full, and the rest at the end of the turn", async () => {
  const { cache, origin, depart } = boarding();
  const keys = Array.from({ length: 40 }, (_, index) => `key:${index}`);
  const asked = keys.map((key) => cache.get(key, 0, PLAIN));
  assertEquals(origin.reads.map(({ keys }) => keys.length), [16, 16]);
  depart();
  assertEquals(keysOf(origin), [keys.slice(0, 16), keys.slice(16, 32), keys.slice(32)]);
  for (const read of origin.reads) read.answer(...read.keys.map(found));
  assertEquals((await Promise.all(asked)).map(textOf), keys);
});

Deno.test("ReadThrough.together() has one trip for all that is missed in it, and none for nothing", async () => {
  const { cache, origin, depart } = boarding();
  const before = cache.get("before", 0, PLAIN);
  const keys = Array.from({ length: 300 }, (_, index) => `key:${index}`);
  const asked = cache.together(() => keys.map((key) => cache.get(key, 0, PLAIN)));
  assertEquals(keysOf(origin), [keys]);
  const after = cache.get("after", 0, PLAIN);
  cache.together(() => assert(cache.get("before", 0, PLAIN) instanceof Promise));
  depart();
  assertEquals(keysOf(origin), [keys, ["before", "after"]]);
  for (const read of origin.reads) read.answer(...read.keys.map(found));
  assertEquals((await Promise.all(asked)).map(textOf), keys);
  assertEquals([textOf(await before), textOf(await after)], ["before", "after"]);
});

Deno.test("a turn ends before the next task of the event loop, by itself", async () => {
  const { table, stats } = makeCache(new FakeOrigin());
  const origin = new FakeOrigin();
  const cache = new ReadThrough(origin, table, stats);
  cache.get("a", 0, PLAIN);
  cache.get("b", 0, PLAIN);
  assertEquals(origin.reads.length, 0);
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(keysOf(origin), [["a", "b"]]);
});

Deno.test("a key that is changed before its read leaves is kept, for the read is newer", async () => {
  const { cache, table, origin, depart } = boarding();
  const asked = cache.get("key", 0, PLAIN);
  table.invalidate("key");
  table.flush();
  depart();
  origin.reads[0]!.answer(found("new"));
  assertEquals(textOf(await asked), "new");
  assertEquals(textOf(cache.get("key", 0, PLAIN) as Answer), "new");
});

Deno.test("a key that is changed while its trip is under way is answered to who waits, and not kept", async () => {
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

Deno.test("a forced read in the same turn as another of its key counts, in either order", async () => {
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

Deno.test("a value that is kept holds nothing of what it came with, and all get the same bytes", async () => {
  const { cache, origin, depart } = boarding();
  const asked = ["small", "large"].map((key) => cache.get(key, 0, PLAIN));
  depart();
  origin.reads[0]!.answer(found("value"), found("v".repeat(10_000)));
  const values = (await Promise.all(asked)).map((one) => one as Uint8Array);
  // A small one lies beside its key.
  assertEquals(values.map(({ buffer }) => buffer.byteLength), ["valuesmall".length, 10_000]);
  const kept = ["small", "large"].map((key) => cache.get(key, 0, PLAIN) as Uint8Array);
  assert(kept.every(({ buffer }, index) => buffer === values[index]!.buffer), "another copy");
});

Deno.test("a value that is not kept holds nothing of what it came with", async () => {
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

Deno.test("a missing key for which there is no room is not said to be stored", async () => {
  // A tenth of nine entries is none.
  const { cache, origin, depart } = boarding({ entries: 9, absence: 1000 });
  const asked = askFor(cache, "key", 0, NO_TERMS);
  depart();
  origin.reads[0]!.answer(null);
  assertEquals((await asked).isStored, false);
});

Deno.test("a large value that comes late holds up no other of its trip", async () => {
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

Deno.test("a large value that is read again is as old as that read, the others as their own", async () => {
  const { cache, origin, depart } = boarding();
  const asked = getMany(cache, ["a", "b"], 0);
  depart();
  origin.reads[0]!.flights[1]!.sent(20);
  origin.reads[0]!.answer(found("value"), found("value"));
  await asked;
  const entries = ["a", "b"].map((key) => cache.table.look(new CacheKey(key)).entry!);
  assertEquals(entries.map(({ validFrom }) => validFrom), [0, 20]);
});

Deno.test("an origin that settles a whole trip at once answers each of its keys", async () => {
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

Deno.test("ReadThrough fails those who wait for a value that cannot be taken, and nothing else", async () => {
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
