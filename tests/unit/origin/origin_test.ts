/** What RedisOrigin makes of what a reader finds: permits, room for large values, lost connections. */
import { assertEquals, assertMatch } from "@std/assert";
import { ByteBudget } from "../../../src/origin/byte_budget.ts";
import type { Link } from "../../../src/origin/link.ts";
import { LoopGuard } from "../../../src/origin/loop_guard.ts";
import { RedisOrigin } from "../../../src/origin/mod.ts";
import { Large, type Read } from "../../../src/origin/reader.ts";
import { Failure, type Fetched, Found, type Key } from "../../../src/core/types.ts";
import { Semaphore } from "../../../src/origin/semaphore.ts";
import { Stats } from "../../../src/core/stats.ts";
import { fly } from "../../support/test_flight.ts";

const LOST = new Error("Connection is closed.");

/** A link to nowhere: what its reader finds is what the test says. */
class FakeLink {
  readonly options = { timeout: 60_000 };
  readonly guard = new LoopGuard();
  loss = { reason: "away", message: "connection closed" };
  /** First steps and large values that wait for an answer. */
  readonly steps: { keys: readonly Key[]; answer: PromiseWithResolvers<Read[]> }[] = [];
  readonly larges: { key: Key; answer: PromiseWithResolvers<Fetched> }[] = [];
  readonly there = {
    data: { stream: { bytesRead: 0 } },
    reader: {
      read: (keys: readonly Key[]) => {
        const answer = Promise.withResolvers<Read[]>();
        this.steps.push({ keys, answer });
        return answer.promise;
      },
      readLarge: (key: Key) => {
        const answer = Promise.withResolvers<Fetched>();
        this.larges.push({ key, answer });
        return answer.promise;
      },
    },
  };
  pair: typeof this.there | null = this.there;
  up = () => Promise.resolve(this.pair);
  lost() {}
  close() {}
}

function originOf(permits: number, room: number) {
  const link = new FakeLink();
  const semaphore = new Semaphore({ permits, waiters: 100, patience: 60_000 });
  const budget = new ByteBudget(room, 60_000);
  const origin = new RedisOrigin(link as unknown as Link, semaphore, budget, new Stats());
  return { link, origin, permits: semaphore, budget, [Symbol.dispose]: () => origin.close() };
}

/** Until all that can happen by now has happened. */
const settled = () => new Promise((resolve) => setTimeout(() => setTimeout(resolve)));

const found = (text: string) => new Found(new TextEncoder().encode(text));
const textOf = (fetched: Fetched | undefined) =>
  fetched instanceof Found ? new TextDecoder().decode(fetched.value) : fetched;

Deno.test("RedisOrigin.read() answers what is small at once, and keeps its permit until the last is there", async () => {
  using it = originOf(1, 1000);
  const { link, origin, permits, budget } = it;
  const [a, b, c] = fly(origin, ["a", "b", "c"]);
  await settled();
  link.steps[0]!.answer.resolve([
    new Large(100, Infinity),
    found("small"),
    new Large(50, Infinity),
  ]);
  assertEquals(textOf(await b!.result), "small");
  await settled();
  assertEquals([permits.held, budget.held], [1, 300]);
  link.larges[1]!.answer.resolve(found("c"));
  assertEquals(textOf(await c!.result), "c");
  await settled();
  assertEquals([permits.held, budget.held], [1, 200]);
  link.larges[0]!.answer.resolve(found("a"));
  assertEquals(textOf(await a!.result), "a");
  await settled();
  assertEquals([permits.held, budget.held], [0, 0]);
});

Deno.test("RedisOrigin.read() gives its permit back where nothing is late, and where all fails", async () => {
  using it = originOf(1, 1000);
  const { link, origin, permits } = it;
  const [first] = fly(origin, ["a"]);
  await settled();
  link.steps[0]!.answer.resolve([null]);
  assertEquals([await first!.result, permits.held], [null, 0]);
  link.pair = null;
  const [second] = fly(origin, ["a"]);
  assertEquals([(await second!.result as Failure).reason, permits.held], ["away", 0]);
});

Deno.test("large values of one trip wait for room one after the other, however many there are", async () => {
  using it = originOf(2, 200);
  const { link, origin, permits, budget } = it;
  const keys = Array.from({ length: 20 }, (_, index) => `key:${index}`);
  const flights = fly(origin, keys);
  await settled();
  link.steps[0]!.answer.resolve(keys.map(() => new Large(50, Infinity)));
  for (let done = 0; done < keys.length; done += 2) {
    await settled();
    assertEquals(link.larges.length, done + 2);
    for (const { key, answer } of link.larges.slice(done)) answer.resolve(found(key));
  }
  await settled();
  assertEquals(flights.map(({ fetched }) => textOf(fetched)), keys);
  await settled();
  assertEquals([permits.held, budget.held, budget.waiting], [0, 0, 0]);
});

Deno.test("trips whose large values wait for room hold no more than half of the permits", async () => {
  using it = originOf(4, 100);
  const { link, origin, permits, budget } = it;
  const flights = ["holds", "waits 1", "waits 2", "too many"].flatMap((key) => fly(origin, [key]));
  await settled();
  for (const { answer } of link.steps) answer.resolve([new Large(50, Infinity)]);
  assertEquals((await flights[3]!.result as Failure).reason, "busy");
  assertEquals([budget.waiting, permits.held], [2, 3]);
  for (let done = 0; done < 3; done++) {
    link.larges[done]!.answer.resolve(null);
    await settled();
  }
  assertEquals(flights.slice(0, 3).map(({ fetched }) => fetched), [null, null, null]);
  // Who comes later may wait again.
  const again = ["one", "two"].flatMap((key) => fly(origin, [key]));
  await settled();
  for (const { answer } of link.steps.slice(4)) answer.resolve([new Large(50, Infinity)]);
  await settled();
  assertEquals([budget.waiting, link.larges.length], [1, 4]);
  for (const done of [3, 4]) {
    link.larges[done]!.answer.resolve(null);
    await settled();
  }
  assertEquals(again.map(({ fetched }) => fetched), [null, null]);
});

Deno.test("a connection that is lost under a large value has that one read again, as one alone", async () => {
  using it = originOf(1, 100);
  const { link, origin, permits, budget } = it;
  const [small, large] = fly(origin, ["small", "large"]);
  await settled();
  // As large as all the room: what it held before must not keep it from being read.
  link.steps[0]!.answer.resolve([found("small"), new Large(50, Infinity)]);
  assertEquals(textOf(await small!.result), "small");
  await settled();
  link.larges[0]!.answer.reject(LOST);
  await settled();
  assertEquals(link.steps[1]!.keys, ["large"]);
  assertEquals([small!.sentAt.length, large!.sentAt.length], [1, 2]);
  link.steps[1]!.answer.resolve([new Large(50, Infinity)]);
  await settled();
  link.larges[1]!.answer.resolve(found("whole"));
  assertEquals(textOf(await large!.result), "whole");
  await settled();
  assertEquals([permits.held, budget.held], [0, 0]);
});

Deno.test("a large value that Redis goes away under is refused in words, with its permit and room given back", async () => {
  using it = originOf(1, 1000);
  const { link, origin, permits, budget } = it;
  const flights = fly(origin, ["a", "b"]);
  await settled();
  link.steps[0]!.answer.resolve([new Large(100, Infinity), new Large(100, Infinity)]);
  await settled();
  link.pair = null;
  for (const { answer } of link.larges) answer.reject(LOST);
  await settled();
  for (const { fetched } of flights) {
    assertEquals((fetched as Failure).reason, "away");
    assertMatch((fetched as Failure).message, /^Redis is away: /);
  }
  assertEquals([permits.held, budget.held], [0, 0]);
});
