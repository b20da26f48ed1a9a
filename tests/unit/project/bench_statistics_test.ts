import { assertAlmostEquals, assertEquals } from "@std/assert";
import { DATASETS, order, readOf, replyOf, valueOf } from "../../../bench/dataset.ts";
import { Histogram } from "../../../bench/histogram.ts";
import type { Sample } from "../../../bench/loads.ts";
import { compare, type Row } from "../../../bench/measure.ts";
import { median, quantile, spread } from "../../../bench/statistics.ts";
import { judge, type Target } from "../../../bench/targets.ts";

Deno.test("median() is the middle value in any order", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([4, 1, 3, 2]), 2.5);
  assertEquals(quantile([10, 20], 0.25), 12.5);
  assertEquals(spread([2, 9, 4]), { median: 4, low: 2, high: 9 });
});

Deno.test("Histogram.quantile() is within 1.6 % of the recorded values", () => {
  const histogram = new Histogram();
  for (let nanos = 1000; nanos <= 100_000; nanos += 1000) histogram.record(nanos);
  for (const part of [0.01, 0.5, 0.99, 1]) {
    assertAlmostEquals(histogram.quantile(part), part * 100_000, part * 1600);
  }
  assertEquals(new Histogram().quantile(0.5), NaN);
});

Deno.test("Histogram.record() puts too small and too large values into the outer buckets", () => {
  const histogram = new Histogram();
  histogram.record(0);
  histogram.record(1e15);
  assertEquals(histogram.count, 2);
  assertEquals(histogram.quantile(1) > 1e10, true);
});

Deno.test("order() requests the keys of each pattern and no others", () => {
  assertEquals([...order({ kind: "one" }, 3, 1)], [0, 0, 0]);
  assertEquals([...order({ kind: "sequence", keys: 3, from: 0 }, 5, 1)], [0, 1, 2, 0, 1]);
  const uniform = order({ kind: "uniform", keys: 10 }, 1000, 1);
  assertEquals(new Set(uniform).size, 10);
  const mix = order({ kind: "mix", share: 0.9, hot: 10, keys: 1000 }, 10_000, 1);
  const cold = mix.filter((index) => index >= 10);
  assertAlmostEquals(cold.length, 1000, 100);
  assertEquals(new Set(cold.subarray(0, 900)).size, 900, "no cold key comes twice in a round");
});

Deno.test("order() gives the first of 1,000 Zipf keys its share of 0.13", () => {
  const counts = new Map<number, number>();
  for (const index of order({ kind: "zipf", keys: 1000, exponent: 0.99 }, 100_000, 1)) {
    counts.set(index, (counts.get(index) ?? 0) + 1);
  }
  const [first, second] = [...counts.values()].sort((a, b) => b - a) as [number, number];
  assertAlmostEquals(first / 100_000, 0.1306, 0.01);
  assertAlmostEquals(first / second, 2 ** 0.99, 0.2);
});

Deno.test("replyOf() is the reply of Redis to readOf()", () => {
  const dataset = DATASETS["3B"];
  assertEquals(readOf(dataset, [7]), "*2\r\n$3\r\nGET\r\n$16\r\n003:000000000007\r\n");
  assertEquals(replyOf(dataset, [7]).toString(), "$3\r\n007\r\n");
  assertEquals(replyOf(dataset, [7, 8]).toString(), "*2\r\n$3\r\n007\r\n$3\r\n008\r\n");
  assertEquals(valueOf(DATASETS["100B"], 5).length, 100);
});

function sample(rate: number, cpu: number): Sample {
  return { rate, cpu, busy: 1, loadBusy: null, p50: 1, p99: 2, p999: 3 };
}

Deno.test("compare() pairs the runs of a repetition and reverses the order", async () => {
  const order: string[] = [];
  const subject = (name: string, rates: number[]) => ({
    name,
    run() {
      order.push(name);
      return Promise.resolve(sample(rates.shift()!, 1));
    },
  });
  const subjects = [subject("ours", [10, 30, 20]), subject("theirs", [10, 10, 10])];
  const row = await compare({ id: "x", group: "g", title: "t" }, subjects, 3);
  assertEquals(order, ["ours", "theirs", "theirs", "ours", "ours", "theirs"]);
  assertEquals(row.ratios[0]!.throughput, { median: 2, low: 1, high: 3 });
});

Deno.test("judge() is met, missed or not measured, by the worst part", async () => {
  const target: Target = {
    title: "hits",
    against: "theirs",
    parts: [
      { row: "a", against: "theirs", figure: "throughput", bound: 1 },
      { row: "b", against: "theirs", figure: "cpu", bound: 1.2 },
    ],
  };
  const row = async (id: string, rate: number, cpu: number): Promise<Row> =>
    await compare({ id, group: "g", title: id }, [
      { name: "ours", run: () => Promise.resolve(sample(rate, cpu)) },
      { name: "theirs", run: () => Promise.resolve(sample(10, 10)) },
    ], 1);
  const state = (...rows: Row[]) => judge(target, rows, []).state;
  assertEquals(state(await row("a", 11, 10), await row("b", 1, 11)), "met");
  assertEquals(state(await row("a", 9, 10), await row("b", 1, 11)), "missed");
  assertEquals(state(await row("a", 11, 10), await row("b", 1, 13)), "missed");
  assertEquals(state(await row("a", 11, 10)), "not measured");
});
