import { assertEquals } from "@std/assert";
import { BACKOFF, Backoff, BACKOFF_MOST, BACKOFF_REFUSED } from "../../../src/cache/backoff.ts";
import { Failure, Found } from "../../../src/core/types.ts";

const TIMEOUT = new Failure("timeout", "no answer");
const BROKEN = new Failure("broken", "The connection to Redis ends");
const LOADING = new Failure("reply", "LOADING Redis is loading the dataset in memory");

Deno.test("Backoff.find() returns the failure of the last read for a while, longer if Redis was silent", () => {
  for (const [failure, pause] of [[TIMEOUT, BACKOFF], [LOADING, BACKOFF_REFUSED]] as const) {
    const backoff = new Backoff();
    backoff.note("key", failure, 100);
    assertEquals(backoff.find("key", 100 + pause - 1), failure);
    assertEquals(backoff.find("other", 101), undefined);
    assertEquals(backoff.find("key", 100 + pause), undefined);
    assertEquals(backoff.size, 0);
  }
});

Deno.test("Backoff.note() forgets a key whose next read succeeds", () => {
  for (const fetched of [null, new Found(new Uint8Array(1)), new Failure("reply", "WRONGTYPE x")]) {
    const backoff = new Backoff();
    backoff.note("key", TIMEOUT, 0);
    backoff.note("key", fetched, 1);
    assertEquals(backoff.find("key", 1), undefined);
  }
});

Deno.test("Backoff.note() ignores failures that say nothing about Redis, and those of the link", () => {
  const backoff = new Backoff();
  backoff.note("shed", new Failure("busy", "the queue is full"), 0);
  backoff.note("away", new Failure("away", "connection closed"), 0);
  assertEquals(backoff.size, 0);
});

Deno.test("Backoff remembers a bounded number of keys, and forgets the oldest", () => {
  const backoff = new Backoff();
  for (let index = 0; index < 10_000; index++) backoff.note(`${index}`, TIMEOUT, 0);
  assertEquals(backoff.size, 4096);
  assertEquals(backoff.find("0", 1), undefined);
  assertEquals(backoff.find("9999", 1), TIMEOUT);
  const long = Array.from({ length: 10 }, (_, index) => `${index}`.padEnd(131_072));
  for (const key of long) backoff.note(key, TIMEOUT, 0);
  assertEquals(backoff.size, 8, "long keys count by their bytes");
  assertEquals([backoff.find(long[1]!, 1), backoff.find(long[2]!, 1)], [undefined, TIMEOUT]);
  for (const key of long) backoff.note(key, null, 1);
  for (let index = 0; index < 4096; index++) backoff.note(`${index}`, TIMEOUT, 0);
  assertEquals(backoff.size, 4096);
});

Deno.test("Backoff doubles the pause of a key each time its read breaks the connection", () => {
  const backoff = new Backoff();
  let now = 0;
  const pauses = Array.from({ length: 9 }, () => {
    backoff.note("key", BROKEN, now);
    let pause = 0;
    while (backoff.find("key", now + pause) !== undefined) pause += BACKOFF;
    now += pause;
    return pause / BACKOFF;
  });
  assertEquals(pauses, [1, 2, 4, 8, 16, 32, 64, 64, 64]);
  now += BACKOFF_MOST;
  assertEquals(backoff.find("key", now), undefined);
  assertEquals(backoff.size, 0, "it is forgotten in the end");
  backoff.note("key", BROKEN, now);
  backoff.note("key", null, now + BACKOFF);
  backoff.note("key", BROKEN, now + BACKOFF);
  assertEquals(backoff.find("key", now + 2 * BACKOFF), undefined, "a success starts anew");
});

Deno.test("Backoff makes no pause longer when its key was changed", () => {
  for (const change of [(it: Backoff) => it.changed("key"), (it: Backoff) => it.allChanged()]) {
    const backoff = new Backoff();
    backoff.note("key", LOADING, 0);
    change(backoff);
    assertEquals(backoff.find("key", BACKOFF_REFUSED - 1), LOADING);
    assertEquals(backoff.find("key", BACKOFF_REFUSED), undefined);
  }
});

Deno.test("Backoff shortens the pause of a key that was changed, and of all after a flush", () => {
  for (const change of [(it: Backoff) => it.changed("key"), (it: Backoff) => it.allChanged()]) {
    const backoff = new Backoff();
    let now = 0;
    for (let time = 0; time < 5; time++) backoff.note("key", BROKEN, now += BACKOFF_MOST);
    change(backoff);
    assertEquals(backoff.find("key", now + BACKOFF - 1), BROKEN);
    assertEquals(backoff.find("key", now + BACKOFF), undefined);
  }
});
