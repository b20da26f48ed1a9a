import { assert, assertEquals } from "@std/assert";
import { Semaphore } from "../../../src/origin/semaphore.ts";

const options = { permits: 1, waiters: 3, patience: 60_000 };

Deno.test("Semaphore grants no more permits than it has", async () => {
  const semaphore = new Semaphore({ ...options, permits: 2 });
  assert(semaphore.tryAcquire());
  assertEquals(await semaphore.acquire(), "granted");
  assert(!semaphore.tryAcquire());
  assertEquals(semaphore.held, 2);
  semaphore.release();
  semaphore.release();
  assertEquals(semaphore.held, 0);
});

Deno.test("Semaphore gives a freed permit to the longest waiter, and never to a newcomer", async () => {
  const semaphore = new Semaphore(options);
  semaphore.tryAcquire();
  const order: number[] = [];
  const waiters = [1, 2, 3].map((name) => semaphore.acquire().then(() => order.push(name)));
  for (const waiter of waiters) {
    semaphore.release();
    assert(!semaphore.tryAcquire());
    await waiter;
  }
  semaphore.release();
  assertEquals(order, [1, 2, 3]);
  assertEquals([semaphore.held, semaphore.waiting], [0, 0]);
});

Deno.test("Semaphore.acquire() is full at once if the queue is full", async () => {
  const semaphore = new Semaphore(options);
  semaphore.tryAcquire();
  const waiters = [1, 2, 3].map(() => semaphore.acquire());
  assertEquals(await semaphore.acquire(), "full");
  semaphore.close();
  assertEquals(await Promise.all(waiters), ["late", "late", "late"]);
});

Deno.test("Semaphore.acquire() with no room for waiters never waits", async () => {
  const semaphore = new Semaphore({ ...options, waiters: 0 });
  assertEquals(await semaphore.acquire(), "granted");
  assertEquals(await semaphore.acquire(), "full");
});

Deno.test("Semaphore.acquire() is late after the longest wait, and takes no permit", async () => {
  const semaphore = new Semaphore({ ...options, patience: 10 });
  semaphore.tryAcquire();
  const started = performance.now();
  assertEquals(await Promise.all([semaphore.acquire(), semaphore.acquire()]), ["late", "late"]);
  assert(performance.now() - started >= 9);
  semaphore.release();
  assertEquals([semaphore.held, semaphore.waiting], [0, 0]);
});

Deno.test("Semaphore leaves no timer behind when nobody waits", async () => {
  // The sanitizers of the test runner find a timer that is left.
  const semaphore = new Semaphore(options);
  semaphore.tryAcquire();
  const waiter = semaphore.acquire();
  semaphore.release();
  assertEquals(await waiter, "granted");
});

Deno.test("Semaphore keeps the order over thousands of waiters", async () => {
  const semaphore = new Semaphore({ ...options, waiters: 5000 });
  semaphore.tryAcquire();
  const order: number[] = [];
  const all = Array.from({ length: 5000 }, (_, name) =>
    semaphore.acquire().then(() => {
      order.push(name);
      semaphore.release();
    }));
  semaphore.release();
  await Promise.all(all);
  assertEquals(order, order.toSorted((a, b) => a - b));
  assertEquals([order.length, semaphore.held, semaphore.waiting], [5000, 0, 0]);
});
