/** Whatever fails, and wherever: each flight is settled once, nothing stays held, nothing is lost. */
import { assert, assertEquals } from "@std/assert";
import { ByteBudget } from "../../../src/origin/byte_budget.ts";
import type { LaneConnection } from "../../../src/origin/lane.ts";
import type { Link } from "../../../src/origin/link.ts";
import { LoopGuard } from "../../../src/origin/loop_guard.ts";
import { RedisOrigin } from "../../../src/origin/mod.ts";
import { LARGE, type Read, type ReadListener, UNSURE } from "../../../src/origin/reading.ts";
import { Log } from "../../../src/core/log.ts";
import { Found, type Key } from "../../../src/core/types.ts";
import { Semaphore } from "../../../src/origin/semaphore.ts";
import { Stats } from "../../../src/core/stats.ts";
import { fly } from "../../support/test_flight.ts";

/** How a call fails. */
const WAYS = ["throws", "rejects"] as const;
type Way = typeof WAYS[number];

/** Counts calls of all that a RedisOrigin depends on, and has some of them fail. */
class Injector {
  calls = 0;

  /** @param at Which calls fail. */
  constructor(public at: readonly number[], readonly way: Way) {}

  /** Makes every method of an object count. */
  wrap<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (object, name) => {
        const member = Reflect.get(object, name);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          const isIt = this.at.includes(this.calls++);
          if (isIt && this.way === "throws") throw new Error("injected");
          const result = Reflect.apply(member, object, args);
          if (!isIt) return result;
          if (!(result instanceof Promise)) throw new Error("injected");
          return result.then(() => Promise.reject(new Error("injected")));
        };
      },
    });
  }
}

const answer = (key: Key): Read =>
  key.startsWith("large") ? LARGE : key === "unsure" ? UNSURE : new Found(new Uint8Array(1));

/** A link whose reader finds small and large values. */
function linkOf(injector: Injector): Link {
  const reader = {
    read: (keys: readonly Key[], _limit: number, listener: ReadListener) =>
      queueMicrotask(() => keys.forEach((key, index) => listener.found(index, answer(key)))),
  };
  const large = {
    measure: () => Promise.resolve(50),
    read: () => Promise.resolve(new Found(new Uint8Array(50))),
    readWhole: () => Promise.resolve(new Found(new Uint8Array(0))),
  };
  const upstream = {
    data: { received: 0, now: 0 },
    reader: injector.wrap(reader),
    large: injector.wrap(large),
  };
  const link = {
    options: { timeout: 60_000 },
    guard: injector.wrap(new LoopGuard()),
    loss: { reason: "away", message: "closed" },
    upstream,
    up: () => Promise.resolve(upstream),
    giveUp: () => {},
    close: () => {},
  };
  return injector.wrap(link) as unknown as Link;
}

/** Makes some trips in which some calls fail; returns how many calls that took. */
async function fault(at: readonly number[], way: Way): Promise<number> {
  const injector = new Injector(at, way);
  const permits = new Semaphore({ permits: 2, waiters: 100, patience: 60_000 });
  const budget = new ByteBudget(100, 60_000);
  const log = new Log("error", "text", () => {});
  const lane: LaneConnection = {
    received: 0,
    read: () => Promise.resolve(new Found(new Uint8Array(50))),
    close: () => {},
  };
  const lanes = injector.wrap({ open: () => Promise.resolve(injector.wrap(lane)) });
  const link = linkOf(injector);
  const origin = new RedisOrigin(link, permits, budget, new Stats(), log, () => lanes.open());
  const before = injector.calls;
  const trips = [["a", "large b", "c"], ["large d", "large e"], ["unsure"], ["f"]];
  const flights = trips.flatMap((keys) => fly(origin, keys));
  const found = await Promise.all(flights.map(({ result }) => result));
  assertEquals(found.length, 7);
  while (permits.held > 0 || budget.held > 0) await new Promise((resolve) => setTimeout(resolve));
  const { calls } = injector;
  injector.at = [];
  origin.close();
  return calls - before;
}

/** Runs work, and returns the rejections that nobody handled. */
async function unhandledIn(work: () => Promise<void>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const note = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", note);
  try {
    await work();
    await new Promise((resolve) => setTimeout(resolve));
  } finally {
    globalThis.removeEventListener("unhandledrejection", note);
  }
  return unhandled;
}

for (const way of WAYS) {
  Deno.test(`a call that ${way}, at each place of a read, fails flights and nothing else`, async () => {
    const unhandled = await unhandledIn(async () => {
      const calls = await fault([], way);
      assert(calls > 5, `${calls} calls`);
      // What follows a failure is other work, which may fail as well.
      for (let at = 0; at < calls; at++) {
        for (let next = at + 1; next < at + calls + 5; next++) await fault([at, next], way);
      }
    });
    assertEquals(unhandled, []);
  });
}
