import { assertEquals } from "@std/assert";
import { History } from "../../soak/history.ts";

/** A history with one strict key, written at 10 and acknowledged at 20, then written again at 30. */
function twoWrites(acknowledgedAt: number | null) {
  const history = new History(1000, (key) => key === "own");
  history.write("own", "first", 10)(20);
  const acknowledge = history.write("own", "second", 30);
  if (acknowledgedAt !== null) acknowledge(acknowledgedAt);
  const read = (value: string | null, invoked: number, reader = 1) =>
    history.read({ reader, key: "own", value, invoked, answered: invoked + 1 });
  return { history, read };
}

Deno.test("the soak finds a read that began after the reply to a write, and is older", () => {
  const { history, read } = twoWrites(40);
  read("first", 39.9);
  assertEquals([history.violations.length, history.strictStale], [0, 0]);
  read("first", 40.1);
  assertEquals([history.violations.length, history.strictStale], [1, 1]);
  read(null, 41);
  assertEquals([history.violations.length, history.strictStale], [2, 2]);
});

Deno.test("the soak allows both values while nobody knows whether a write was executed", () => {
  const { history, read } = twoWrites(null);
  for (const value of ["first", "second", "first"]) read(value, 50);
  assertEquals([history.violations, history.strictStale], [[], 0]);
});

Deno.test("the soak finds a client that goes back in time", () => {
  const { history, read } = twoWrites(40);
  read("second", 35);
  read("first", 36, 2);
  assertEquals(history.violations, []);
  read("first", 36);
  assertEquals(history.violations.length, 1);
});

Deno.test("the soak gives a removal by a fault the time of an invalidation, as it did not pass the proxy", () => {
  const { history, read } = twoWrites(40);
  history.write("own", null, 50)(60);
  read("second", 61);
  assertEquals([history.violations, history.strictStale], [[], 0]);
  history.write("own", "third", 70)(80);
  read("second", 81);
  assertEquals([history.violations.length, history.strictStale], [1, 1]);
});
