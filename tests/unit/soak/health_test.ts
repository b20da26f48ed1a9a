import { assert, assertEquals } from "@std/assert";
import { faultsIn, isLeaking, memoryOf } from "../../soak/health.ts";

Deno.test("memoryOf() finds the growth of memory in an hour, and how sure it is", () => {
  const at = (mib: (index: number) => number) =>
    Array.from({ length: 100 }, (_, index) => ({ hours: index / 100, mib: mib(index), used: 1 }));
  assertEquals(memoryOf(at((index) => 100 + index / 10)), {
    from: 100,
    to: 109.9,
    most: 109.9,
    slope: 10,
    error: 0,
    lows: [],
  });
  const noisy = memoryOf(at((index) => 100 + (index % 2 === 0 ? 5 : -5)));
  assert(Math.abs(noisy.slope) < 2 * noisy.error, JSON.stringify(noisy));
});

Deno.test("isLeaking() finds memory that is kept, and not garbage that waits for its collection", () => {
  const memory = (used: (index: number) => number, count = 120) =>
    memoryOf(
      Array.from({ length: count }, (_, index) => ({ hours: index, mib: 1, used: used(index) })),
    );
  const sawtooth = (index: number) => 20 + 5 * (index % 12);
  assertEquals(memory(sawtooth).lows, Array(10).fill(20));
  assertEquals(isLeaking(memory(sawtooth)), false);
  assertEquals(isLeaking(memory((index) => sawtooth(index) + index / 4)), true);
  assertEquals(isLeaking(memory((index) => sawtooth(index) + index / 4, 119)), false);
  const once = memory((index) => index === 60 ? 500 : sawtooth(index));
  assertEquals(isLeaking(once), false);
});

Deno.test("faultsIn() finds faults of the program in a log, and no others", () => {
  const fault = '2026 error Unexpected error why="TypeError: x"';
  assertEquals(faultsIn(`2026 warn Cannot reach Redis why="refused"\n${fault}\n`), [fault]);
});
