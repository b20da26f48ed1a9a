import { assertEquals } from "@std/assert";
import { Ledger } from "../../../src/server/ledger.ts";

Deno.test("Ledger counts memory with several holders once, until the last one releases it", () => {
  const ledger = new Ledger(250);
  const value = new ArrayBuffer(200);
  for (let client = 0; client < 10; client++) ledger.hold([value, value]);
  assertEquals([ledger.bytes, ledger.isOver], [200, false]);
  ledger.add(51);
  assertEquals([ledger.bytes, ledger.isOver], [251, true]);
  for (let client = 0; client < 10; client++) ledger.release([value, value]);
  assertEquals(ledger.bytes, 51);
  ledger.remove(51);
  assertEquals(ledger.bytes, 0);
});

Deno.test("Ledger.whenLess() tells each listener when there is less, and only then", () => {
  const ledger = new Ledger(100);
  const seen: number[] = [];
  for (const sign of [1, -1]) ledger.whenLess(() => seen.push(sign * ledger.bytes));
  const [shared, own] = [new ArrayBuffer(30), new ArrayBuffer(5)];
  ledger.hold([shared]);
  ledger.hold([shared, own]);
  ledger.add(10);
  ledger.release([shared]);
  assertEquals(seen, []);
  ledger.release([shared, own]);
  ledger.remove(0);
  ledger.remove(10);
  assertEquals(seen, [10, -10, 0, -0]);
});
