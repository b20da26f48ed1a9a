import { assertEquals } from "@std/assert";
import { BACKOFF, Backoff } from "../../../src/cache/backoff.ts";
import { Failure, Found } from "../../../src/core/types.ts";

const TIMEOUT = new Failure("timeout", "no answer");
const LOADING = new Failure("reply", "LOADING Redis is loading the dataset in memory");

Deno.test("Backoff.find() gives the failure of the last read until a second has passed", () => {
  for (const failure of [TIMEOUT, LOADING]) {
    const backoff = new Backoff();
    backoff.note("key", failure, 100);
    assertEquals(backoff.find("key", 100 + BACKOFF - 1), failure);
    assertEquals(backoff.find("other", 101), undefined);
    assertEquals(backoff.find("key", 100 + BACKOFF), undefined);
    assertEquals(backoff.size, 0);
  }
});

Deno.test("Backoff.note() forgets a key that could be read after all", () => {
  for (const fetched of [null, new Found(new Uint8Array(1)), new Failure("reply", "WRONGTYPE x")]) {
    const backoff = new Backoff();
    backoff.note("key", TIMEOUT, 0);
    backoff.note("key", fetched, 1);
    assertEquals(backoff.find("key", 1), undefined);
  }
});

Deno.test("Backoff.note() passes over what says nothing of Redis, or is the link's affair", () => {
  const backoff = new Backoff();
  backoff.note("shed", new Failure("busy", "the queue is full"), 0);
  backoff.note("away", new Failure("away", "connection closed"), 0);
  assertEquals(backoff.size, 0);
});

Deno.test("Backoff remembers a bounded number of keys, the oldest leave", () => {
  const backoff = new Backoff();
  for (let index = 0; index < 10_000; index++) backoff.note(`${index}`, TIMEOUT, 0);
  assertEquals(backoff.size, 4096);
  assertEquals(backoff.find("0", 1), undefined);
  assertEquals(backoff.find("9999", 1), TIMEOUT);
});
