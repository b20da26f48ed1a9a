/** What RedisOrigin makes of what a reader finds: permits, room for large values, lost connections. */
import { assertEquals, assertMatch } from "@std/assert";
import { ByteBudget } from "../../../src/origin/byte_budget.ts";
import type { LaneConnection } from "../../../src/origin/lane.ts";
import type { Link } from "../../../src/origin/link.ts";
import { LoopGuard } from "../../../src/origin/loop_guard.ts";
import { RedisOrigin } from "../../../src/origin/mod.ts";
import { LARGE, type Read, type ReadListener, UNSURE } from "../../../src/origin/reading.ts";
import { Lost } from "../../../src/origin/wire/connection.ts";
import { WrongReply } from "../../../src/origin/replies.ts";
import { Log } from "../../../src/core/log.ts";
import { Failure, type Fetched, Found, type Key } from "../../../src/core/types.ts";
import { Semaphore } from "../../../src/origin/semaphore.ts";
import { Stats } from "../../../src/core/stats.ts";
import { fly, type TestFlight } from "../../support/test_flight.ts";

const LOST = new Error("Connection is closed.");

/** Something that is asked for, and waits for the test's answer. */
interface Asked<T> {
  readonly keys: readonly Key[];
  readonly answer: PromiseWithResolvers<T>;
}

/** Keys that are read in one step. */
class Step {
  constructor(readonly keys: readonly Key[], readonly listener: ReadListener) {}

  /** Answers the first keys, and loses the connection under the others if an error is given. */
  answer(reads: readonly Read[], error?: Error): void {
    reads.forEach((read, index) => this.listener.found(index, read));
    if (error !== undefined) this.listener.lost(reads.length, error);
  }
}

/** A link to nowhere: what its readers find is what the test says. */
class FakeLink {
  readonly options = { timeout: 60_000 };
  readonly guard = new LoopGuard();
  loss = { reason: "away", message: "connection closed" };
  /** First steps, and large values over a lane each. */
  readonly steps: Step[] = [];
  readonly larges: Asked<Fetched>[] = [];
  readonly beside: Asked<Fetched>[] = [];
  /** The lengths of large values. */
  readonly lengths = new Map<Key, number>();
  /** Lanes opened so far, and why there can be no further one. */
  lanes = 0;
  noLane: Error | null = null;
  readonly there = {
    data: {
      ...{ received: 0, now: 0 },
      call: () => this.isSame ? Promise.resolve("PONG") : Promise.reject(new Lost("away")),
    },
    reader: {
      read: (keys: readonly Key[], _limit: number, listener: ReadListener) =>
        this.steps.push(new Step(keys, listener)),
    },
    large: {
      measure: (key: Key) => Promise.resolve(this.lengths.get(key) ?? 50),
      read: (key: Key) => ask(this.beside, [key]),
      readWhole: (key: Key) => ask(this.beside, [key]),
    },
  };
  upstream: typeof this.there | null = this.there;
  up = () => Promise.resolve(this.upstream);
  /** Whether a server that was lost is there again. */
  isSame = true;
  close() {}

  openLane = (): Promise<LaneConnection> => {
    if (this.noLane !== null) return Promise.reject(this.noLane);
    this.lanes++;
    return Promise.resolve({
      received: 0,
      read: (key: Key) => ask(this.larges, [key]),
      close: () => {},
    });
  };
}

function ask<T>(list: Asked<T>[], keys: readonly Key[]): Promise<T> {
  const answer = Promise.withResolvers<T>();
  list.push({ keys, answer });
  return answer.promise;
}

function originOf(permits: number, room: number) {
  const link = new FakeLink();
  const semaphore = new Semaphore({ permits, waiters: 100, patience: 60_000 });
  const budget = new ByteBudget(room, 60_000);
  const stats = new Stats();
  const log = new Log("error", "text", () => {});
  const real = link as unknown as Link;
  const origin = new RedisOrigin(real, semaphore, budget, stats, log, link.openLane);
  return {
    link,
    origin,
    permits: semaphore,
    budget,
    stats,
    [Symbol.dispose]: () => origin.close(),
  };
}

/** Until all that can happen by now has happened. */
const settled = () => new Promise((resolve) => setTimeout(() => setTimeout(resolve)));

const found = (text: string) => new Found(new TextEncoder().encode(text));
const textOf = (fetched: Fetched | undefined) =>
  fetched instanceof Found ? new TextDecoder().decode(fetched.value) : fetched;

Deno.test("RedisOrigin.read() answers small values at once, and keeps its permit until the last value", async () => {
  using it = originOf(1, 1000);
  const { link, origin, permits, budget } = it;
  const [a, b, c] = fly(origin, ["a", "b", "c"]);
  await settled();
  link.lengths.set("a", 100);
  link.steps[0]!.answer([LARGE, found("small"), LARGE]);
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

Deno.test("RedisOrigin.read() returns its permit if no value is large, and if all reads fail", async () => {
  using it = originOf(1, 1000);
  const { link, origin, permits } = it;
  const [first] = fly(origin, ["a"]);
  await settled();
  link.steps[0]!.answer([null]);
  assertEquals(await first!.result, null);
  await settled();
  assertEquals(permits.held, 0);
  link.upstream = null;
  const [second] = fly(origin, ["a"]);
  assertEquals((await second!.result as Failure).reason, "away");
  await settled();
  assertEquals(permits.held, 0);
});

Deno.test("large values of one trip wait for room in order, however many there are", async () => {
  using it = originOf(2, 200);
  const { link, origin, permits, budget } = it;
  const keys = Array.from({ length: 20 }, (_, index) => `key:${index}`);
  const flights = fly(origin, keys);
  await settled();
  link.steps[0]!.answer(keys.map(() => LARGE));
  // Then four at a time, each with more room.
  for (let step = 1; step <= keys.length / 4; step++) {
    await settled();
    assertEquals(link.steps[step]!.keys, keys.slice(4 * step - 4, 4 * step));
    link.steps[step]!.answer([LARGE, LARGE, LARGE, LARGE]);
  }
  for (let done = 0; done < keys.length; done += 2) {
    await settled();
    assertEquals(link.larges.length, done + 2);
    for (const { keys, answer } of link.larges.slice(done)) answer.resolve(found(keys[0]!));
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
  for (const step of link.steps) step.answer([LARGE]);
  assertEquals((await flights[3]!.result as Failure).reason, "busy");
  await settled();
  assertEquals([budget.waiting, permits.held], [2, 3]);
  for (let done = 0; done < 3; done++) {
    link.larges[done]!.answer.resolve(null);
    await settled();
  }
  assertEquals(flights.slice(0, 3).map(({ fetched }) => fetched), [null, null, null]);
  // Who comes later may wait again.
  const again = ["one", "two"].flatMap((key) => fly(origin, [key]));
  await settled();
  for (const step of link.steps.slice(4)) step.answer([LARGE]);
  await settled();
  assertEquals([budget.waiting, link.larges.length], [1, 4]);
  for (const done of [3, 4]) {
    link.larges[done]!.answer.resolve(null);
    await settled();
  }
  assertEquals(again.map(({ fetched }) => fetched), [null, null]);
});

const reasonsOf = (flights: readonly TestFlight[]) =>
  flights.map(({ fetched }) => fetched instanceof Failure ? fetched.reason : fetched);

Deno.test("a large value whose connection is lost is read again, alone, and keeps its room", async () => {
  using it = originOf(2, 100);
  const { link, origin, permits, budget } = it;
  const [small, large] = fly(origin, ["small", "large"]);
  await settled();
  // As large as all the room.
  link.steps[0]!.answer([found("small"), LARGE]);
  assertEquals(textOf(await small!.result), "small");
  await settled();
  link.larges[0]!.answer.reject(LOST);
  await settled();
  assertEquals([link.larges[1]!.keys, link.lanes, budget.held], [["large"], 2, 100]);
  link.larges[1]!.answer.resolve(found("whole"));
  assertEquals(textOf(await large!.result), "whole");
  await settled();
  assertEquals([permits.held, budget.held], [0, 0]);
});

Deno.test("a large value that breaks two connections is an error that names the setting of Redis", async () => {
  using it = originOf(2, 1000);
  const { link, origin, permits, budget, stats } = it;
  const flights = fly(origin, ["good", "bad"]);
  await settled();
  link.lengths.set("bad", 70);
  link.steps[0]!.answer([LARGE, LARGE]);
  await settled();
  // Both were under way over the same connection: then each alone.
  for (const { answer } of [...link.larges]) answer.reject(LOST);
  await settled();
  link.larges[2]!.answer.resolve(found("good"));
  await settled();
  link.larges[3]!.answer.reject(LOST);
  await settled();
  assertEquals(textOf(flights[0]!.fetched), "good");
  assertEquals(reasonsOf(flights.slice(1)), ["broken"]);
  assertMatch((flights[1]!.fetched as Failure).message, /70 bytes.*client-output-buffer-limit/);
  assertEquals([permits.held, budget.held, stats.originBroken], [0, 0, 1]);
});

Deno.test("no key is to blame where another run of the server is there afterwards", async () => {
  using it = originOf(2, 1000);
  const { link, origin, permits, budget, stats } = it;
  link.isSame = false;
  const flights = fly(origin, ["large"]);
  const others = fly(origin, ["a", "b"]);
  await settled();
  link.steps[0]!.answer([LARGE]);
  await settled();
  for (const at of [0, 1]) {
    link.larges[at]!.answer.reject(LOST);
    link.steps[1 + at]!.answer([], LOST);
    await settled();
  }
  assertEquals(reasonsOf([...flights, ...others]), ["away", "away", "away"]);
  assertEquals([permits.held, budget.held, stats.originBroken], [0, 0, 0]);
});

Deno.test("a large value is read over the shared connection if Redis accepts no further one", async () => {
  using it = originOf(1, 1000);
  const { link, origin, permits } = it;
  link.noLane = new Error("ERR max number of clients reached");
  const [flight] = fly(origin, ["large"]);
  await settled();
  link.steps[0]!.answer([LARGE]);
  await settled();
  link.beside[0]!.answer.resolve(found("whole"));
  assertEquals(textOf(await flight!.result), "whole");
  await settled();
  assertEquals(permits.held, 0);
});

Deno.test("keys whose connection is lost are read again, and the first lost key is to blame", async () => {
  using it = originOf(2, 1000);
  const { link, origin, permits } = it;
  const flights = fly(origin, ["a", "b", "c", "d"]);
  const others = fly(origin, ["e"]);
  await settled();
  // What has come is not read again.
  link.steps[0]!.answer([found("a")], LOST);
  link.steps[1]!.answer([], LOST);
  await settled();
  // One trip after the other.
  assertEquals(link.steps.slice(2).map(({ keys }) => keys), [["b", "c", "d"]]);
  link.steps[2]!.answer([LARGE], LOST);
  await settled();
  link.larges[0]!.answer.resolve(found("b"));
  link.steps[3]!.answer([null]);
  await settled();
  assertEquals(flights.slice(0, 2).map(({ fetched }) => textOf(fetched)), ["a", "b"]);
  assertEquals(reasonsOf(flights.slice(2)), ["broken", "away"]);
  assertEquals(reasonsOf(others), [null]);
  assertEquals(permits.held, 0);
});

Deno.test("a wrong reply, repeated, fails its key", async () => {
  using it = originOf(1, 1000);
  const { link, origin, permits } = it;
  const flights = fly(origin, ["a", "b"]);
  await settled();
  const wrong = new WrongReply("GET", "a bulk string", "an integer");
  link.steps[0]!.answer([found("a")], wrong);
  await settled();
  link.steps[1]!.answer([], wrong);
  await settled();
  assertEquals(textOf(flights[0]!.fetched), "a");
  assertEquals(reasonsOf(flights.slice(1)), ["broken"]);
  assertMatch((flights[1]!.fetched as Failure).message, /^Redis replied to GET with an integer/);
  assertEquals(permits.held, 0);
});

Deno.test("keys of a silent connection are not read again, and no key is to blame", async () => {
  using it = originOf(1, 1000);
  const { link, origin } = it;
  const flights = fly(origin, ["a"]);
  await settled();
  link.loss = { reason: "timeout", message: "no answer within 1000 ms" };
  link.steps[0]!.answer([], LOST);
  await settled();
  assertEquals([reasonsOf(flights), link.steps.length], [["timeout"], 1]);
});

Deno.test("an empty value is read again, whole, and twice if the connection is lost", async () => {
  using it = originOf(1, 1000);
  const { link, origin, permits } = it;
  const [flight] = fly(origin, ["empty"]);
  await settled();
  link.steps[0]!.answer([UNSURE]);
  await settled();
  link.beside[0]!.answer.reject(LOST);
  await settled();
  link.beside[1]!.answer.resolve(found(""));
  await settled();
  assertEquals([textOf(flight!.fetched), permits.held], ["", 0]);
});

Deno.test("a large value fails if Redis goes away, and its permit and room are returned", async () => {
  using it = originOf(1, 1000);
  const { link, origin, permits, budget } = it;
  const flights = fly(origin, ["a", "b"]);
  await settled();
  for (const key of ["a", "b"]) link.lengths.set(key, 100);
  link.steps[0]!.answer([LARGE, LARGE]);
  await settled();
  link.upstream = null;
  for (const { answer } of link.larges) answer.reject(LOST);
  await settled();
  await settled();
  for (const { fetched } of flights) {
    assertEquals((fetched as Failure).reason, "away");
    assertMatch((fetched as Failure).message, /^Redis is away: /);
  }
  assertEquals([permits.held, budget.held], [0, 0]);
});
