import { assert, assertEquals } from "@std/assert";
import { BOUNDS, Histogram, quantileOf } from "../../../src/core/histogram.ts";
import { NameCounts } from "../../../src/core/name_counts.ts";

Deno.test("a histogram counts a duration in the bucket whose bound it does not exceed", () => {
  const histogram = new Histogram();
  for (const duration of [0, ...BOUNDS, BOUNDS.at(-1)! + 1]) histogram.observe(duration);
  assertEquals([...histogram.counts], [2, ...BOUNDS.slice(1).map(() => 1), 1]);
  const before = histogram.sum;
  histogram.observe(NaN);
  assertEquals(histogram.sum, before);
});

Deno.test("quantileOf() finds quantiles within the width of a bucket", () => {
  const histogram = new Histogram();
  assertEquals(quantileOf(histogram.counts, 0.5), null);
  const durations = Array.from({ length: 10_000 }, (_, index) => 0.01 + index / 1000);
  for (const duration of durations) histogram.observe(duration);
  for (const part of [0.01, 0.5, 0.9, 0.99, 1]) {
    const exact = durations[Math.ceil(part * durations.length) - 1]!;
    const bucket = BOUNDS.findIndex((bound) => exact <= bound);
    const found = quantileOf(histogram.counts, part)!;
    assert(found >= (BOUNDS[bucket - 1] ?? 0) && found <= BOUNDS[bucket]!, `${part}: ${found}`);
  }
  histogram.observe(1e9);
  assertEquals(quantileOf(histogram.counts, 1), 10_000);
});

Deno.test("NameCounts counts all spellings of a name as one, and unknown names together", () => {
  const counts = new NameCounts();
  const isKnown = (name: string) => name === "get" || name === "set";
  for (const name of ["get", "GET", "GeT", "set", "nonsense", "more nonsense"]) {
    counts.add(name, isKnown);
  }
  assertEquals(counts.entries(), [["get", 3], ["set", 1], ["other", 2]]);
});

Deno.test("NameCounts counts a name by itself once it is known", () => {
  const counts = new NameCounts();
  counts.add("xadd", () => false);
  counts.add("xadd", () => true);
  assertEquals(counts.entries(), [["other", 1], ["xadd", 1]]);
});

Deno.test("NameCounts stays small whatever names clients make up", () => {
  const counts = new NameCounts();
  for (let index = 0; index < 20_000; index++) counts.add(`x${index}`, () => false);
  assertEquals(counts.entries(), [["other", 20_000]]);
});
