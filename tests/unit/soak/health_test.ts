import { assert, assertEquals } from "@std/assert";
import { faultsIn, memoryOf } from "../../soak/health.ts";

Deno.test("memoryOf() finds the growth of memory in an hour, and how sure it is", () => {
  const at = (mib: (index: number) => number) =>
    Array.from({ length: 100 }, (_, index) => ({ hours: index / 100, mib: mib(index) }));
  assertEquals(memoryOf(at((index) => 100 + index / 10)), {
    from: 100,
    to: 109.9,
    most: 109.9,
    slope: 10,
    error: 0,
  });
  const noisy = memoryOf(at((index) => 100 + (index % 2 === 0 ? 5 : -5)));
  assert(Math.abs(noisy.slope) < 2 * noisy.error, JSON.stringify(noisy));
});

Deno.test("faultsIn() finds faults of the program in a log, and no others", () => {
  const fault = '2026 error Unexpected error why="TypeError: x"';
  assertEquals(faultsIn(`2026 warn Cannot reach Redis why="refused"\n${fault}\n`), [fault]);
});
