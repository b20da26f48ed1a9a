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

Deno.test("the soak allows what a lost master may have lost, and nothing older", () => {
  const { history, read } = twoWrites(40);
  history.write("own", "third", 2000)(2010);
  const settled = history.doubt((key) => key === "own", 2500);
  const during = history.write("own", "fourth", 2600);
  settled(3000);
  during(3010);
  read("third", 3020);
  read("fourth", 3021);
  for (const value of ["second", "third", "fourth", "second"]) read(value, 4000);
  assertEquals([history.violations, history.unsure], [[], 2]);
  read("first", 4001, 2);
  assertEquals(history.violations.length, 1);
  // What was written after it is judged as ever.
  history.write("own", "fifth", 5000)(5010);
  read("fourth", 5020, 3);
  assertEquals(history.violations.length, 1);
  read("second", 5021, 4);
  assertEquals(history.violations.length, 2);
});

Deno.test("the soak judges as long as it likes: of many writes, it forgets the oldest", () => {
  const history = new History(1000, () => false);
  for (let version = 0; version < 20_000; version++) {
    history.write("key", `${version}`, version)(version);
  }
  const read = (value: string, invoked: number) =>
    history.read({ reader: 1, key: "key", value, invoked, answered: invoked + 1 });
  read("19999", 20_000);
  assertEquals([history.violations, history.last("key")], [[], "19999"]);
  read("18000", 20_000);
  assertEquals(history.violations.length, 2); // Too old, and older than the last read.
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
