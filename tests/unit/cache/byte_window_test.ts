import { assertEquals } from "@std/assert";
import { type ByteWindow, NO_BYTES } from "../../../src/core/byte_window.ts";
import { Failure, Found } from "../../../src/core/types.ts";
import { askFor, makeCache, PLAIN, textOf } from "../../support/cache.ts";
import { FakeOrigin } from "../../support/fake_origin.ts";

const VALUE_LIMIT = 100;
const WINDOW: ByteWindow = { first: 1, last: 2 };
const bytes = (text: string) => new TextEncoder().encode(text);
const part = (text: string, from = 1) => new Found(bytes(text), 5000, { from, length: 1000 });

function cacheOf(valueLimit = VALUE_LIMIT) {
  const origin = new FakeOrigin(() => 0);
  const cache = makeCache(origin, { policy: { valueLimit }, clock: () => 0 });
  const ask = (window: ByteWindow | null) => askFor(cache, "key", 0, { ...PLAIN, window });
  const narrow = (read: number, length = 1000) => origin.reads[read]!.flights[0]!.narrow(length);
  return { origin, cache, ask, narrow };
}

Deno.test("only the window of a value that is too large to cache is read, and it is not cached", async () => {
  const { origin, cache, ask, narrow } = cacheOf();
  const answer = ask(WINDOW);
  assertEquals(narrow(0), WINDOW);
  origin.reads[0]!.answer(part("el"));
  const { answer: found, part: where, isStored } = await answer;
  assertEquals([textOf(found), where, isStored], ["el", { from: 1, length: 1000 }, false]);
  assertEquals([cache.size, cache.flights], [0, 0]);
});

Deno.test("a value that can be cached is read whole, whatever window is requested", async () => {
  const { origin, cache, ask, narrow } = cacheOf();
  const answer = ask(WINDOW);
  assertEquals(narrow(0, VALUE_LIMIT), null);
  origin.reads[0]!.answer(bytes("hello"));
  const { answer: found, part: where } = await answer;
  assertEquals([textOf(found), where, cache.size], ["hello", null, 1]);
  // A hit also returns the whole value.
  assertEquals(textOf((await ask(WINDOW)).answer), "hello");
  assertEquals(origin.reads.length, 1);
});

Deno.test("requests for the same window share a read, and another window widens it to all bytes", async () => {
  for (const others of [[WINDOW], [null], [NO_BYTES], [WINDOW, { first: 1, last: 3 }]]) {
    const { origin, ask, narrow } = cacheOf();
    const answers = [WINDOW, ...others].map(ask);
    const isShared = others.every((other) => other === WINDOW);
    assertEquals(narrow(0), isShared ? WINDOW : null);
    origin.reads[0]!.answer(isShared ? part("el") : bytes("hello"));
    for (const { answer } of await Promise.all(answers)) {
      assertEquals(textOf(answer), isShared ? "el" : "hello");
    }
    assertEquals(origin.reads.length, 1);
  }
});

Deno.test("a request that comes while a window is being read begins its own read", async () => {
  const { origin, ask, narrow } = cacheOf();
  const first = ask(WINDOW);
  assertEquals(narrow(0), WINDOW);
  const second = ask(null);
  assertEquals(origin.reads.length, 2);
  assertEquals(narrow(1), null);
  origin.reads[1]!.answer(bytes("hello"));
  origin.reads[0]!.answer(part("el"));
  assertEquals([textOf((await first).answer), textOf((await second).answer)], ["el", "hello"]);
});

Deno.test("a window of a value that is gone or fails gets the same answer as any read", async () => {
  for (const found of [null, new Failure("timeout", "Redis gave no answer")]) {
    const { origin, ask, narrow } = cacheOf();
    const answer = ask(WINDOW);
    assertEquals(narrow(0), WINDOW);
    origin.reads[0]!.answer(found);
    const { answer: outcome, part: where } = await answer;
    assertEquals([outcome, where], [found, null]);
  }
});

Deno.test("if a request forbids storing its value, only the window is read", () => {
  const { origin, cache } = cacheOf();
  cache.get("key", 0, { ...PLAIN, window: WINDOW, mayStore: false });
  assertEquals(origin.reads[0]!.flights[0]!.narrow(VALUE_LIMIT), WINDOW);
});

Deno.test("an entry is never served as stale after Redis had a value too large to cache", async () => {
  const time = { now: 0 };
  const origin = new FakeOrigin(() => time.now);
  const policy = { valueLimit: VALUE_LIMIT, staleIfError: 60_000 };
  const cache = makeCache(origin, { policy, timeToLive: 1000, clock: () => time.now });
  const terms = { ...PLAIN, staleIfError: null };
  const first = cache.get("key", 0, terms);
  origin.reads[0]!.answer(bytes("old"));
  await first;
  time.now = 2000;
  const windowed = cache.get("key", time.now, { ...terms, window: WINDOW });
  assertEquals(origin.reads[1]!.flights[0]!.narrow(1000), WINDOW);
  origin.reads[1]!.answer(part("el"));
  assertEquals(textOf(await windowed), "el");
  const later = cache.get("key", time.now, terms);
  const away = new Failure("away", "Redis is away");
  origin.reads[2]!.answer(away);
  assertEquals(await later, away);
});
