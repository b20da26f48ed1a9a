import { assertEquals } from "@std/assert";
import { Breaker } from "../../../src/origin/breaker.ts";
import { Failure } from "../../../src/core/types.ts";

const TIMEOUT = new Failure("timeout", "no answer");

const BUSY = new Failure("reply", "BUSY Redis is busy");

function broken(now: number, failure = TIMEOUT): Breaker {
  const breaker = new Breaker({ failures: 3, trialEvery: 500, refusedEvery: 100 });
  for (let time = 0; time < 3; time++) {
    assertEquals(breaker.refusal(now), null);
    breaker.failed(failure, now);
  }
  return breaker;
}

Deno.test("Breaker.refusal() returns the last failure after several in a row", () => {
  const breaker = broken(1000);
  assertEquals([breaker.isOpen, breaker.refusal(1000)], [true, TIMEOUT]);
});

Deno.test("Breaker.refusal() lets one trial pass per interval while reads fail", () => {
  const breaker = broken(1000);
  assertEquals(breaker.refusal(1499), TIMEOUT);
  assertEquals(breaker.refusal(1500), null);
  assertEquals(breaker.refusal(1500), TIMEOUT);
  breaker.failed(TIMEOUT, 1600);
  assertEquals([breaker.refusal(1999), breaker.refusal(2000)], [TIMEOUT, null]);
});

Deno.test("Breaker.refusal() lets trials pass more often while Redis says that it cannot serve keys now", () => {
  const breaker = broken(1000, BUSY);
  assertEquals([breaker.refusal(1099), breaker.refusal(1100)], [BUSY, null]);
  breaker.failed(TIMEOUT, 1150);
  assertEquals([breaker.refusal(1199), breaker.refusal(1200)], [TIMEOUT, null]);
  assertEquals([breaker.refusal(1699), breaker.refusal(1700)], [TIMEOUT, null]);
});

Deno.test("Breaker.succeeded() closes it, and failures count from the start again", () => {
  const breaker = broken(0);
  breaker.succeeded();
  assertEquals([breaker.isOpen, breaker.refusal(1)], [false, null]);
  breaker.failed(TIMEOUT, 2);
  breaker.succeeded();
  breaker.failed(TIMEOUT, 3);
  breaker.failed(TIMEOUT, 3);
  assertEquals(breaker.isOpen, false);
});
