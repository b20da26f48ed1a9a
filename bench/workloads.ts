// Workloads that differ only in numbers: one table for RESP and one for HTTP.
import type { DatasetName, Pattern } from "./dataset.ts";

export interface RespWorkload {
  readonly id: string;
  readonly group: string;
  readonly title: string;
  readonly dataset: DatasetName;
  readonly pattern: Pattern;
  readonly depth: number;
  readonly connections: number;
  readonly keysPerRequest: number;
  /** The number of keys to request once before the measurement; 0 to measure misses. */
  readonly warmKeys: number;
  /** Whether the proxy runs with default sizes instead of sizes that hold all keys. */
  readonly defaults: boolean;
  /** Whether it is part of the short form. */
  readonly short: boolean;
}

const ONE: Pattern = { kind: "one" };
const RANDOM: Pattern = { kind: "uniform", keys: 100_000 };
const ZIPF: Pattern = { kind: "zipf", keys: 100_000, exponent: 0.99 };

function hits(
  name: string,
  title: string,
  pattern: Pattern,
  depth: number,
  more: Partial<RespWorkload> = {},
): RespWorkload {
  const connections = more.connections ?? 50;
  const clients = connections === 50 ? "" : `-c${connections}`;
  return {
    id: `resp-${name}-d${depth}${clients}`,
    group: "RESP hits",
    title: `${title}, depth ${depth}${connections === 50 ? "" : `, ${connections} connections`}`,
    dataset: "main",
    pattern,
    depth,
    connections,
    keysPerRequest: 1,
    warmKeys: pattern.kind === "one" ? 1 : pattern.keys,
    defaults: false,
    short: false,
    ...more,
  };
}

const DEPTHS = [1, 16, 128];
const SIZES = [
  ["3 B", "3B", 1000],
  ["100 B", "100B", 1000],
  ["1 KiB", "1KiB", 1000],
  ["10 KiB", "10KiB", 1000],
  ["1 MiB", "1MiB", 16],
] as const;

export const RESP_WORKLOADS: readonly RespWorkload[] = [
  ...DEPTHS.map((depth) => hits("one", "1 key", ONE, depth, { short: true })),
  ...DEPTHS.map((depth) => hits("random", "100,000 random keys", RANDOM, depth, { short: true })),
  ...DEPTHS.map((depth) => hits("zipf", "Zipf 0.99", ZIPF, depth, { short: depth === 16 })),
  ...[1, 500].map((connections) => hits("one", "1 key", ONE, 1, { connections })),
  ...[1, 500].map((connections) => hits("one", "1 key", ONE, 16, { connections })),
  ...SIZES.flatMap(([size, dataset, keys]) =>
    [1, 16].filter((depth) => depth === 1 || dataset !== "1MiB").map((depth) =>
      hits(`size-${dataset}`, `${size} values`, { kind: "uniform", keys }, depth, {
        dataset,
        warmKeys: keys,
        connections: dataset === "1MiB" ? 8 : 50,
        short: dataset === "1MiB",
      })
    )
  ),
  hits("mget10", "MGET of 10 of 100,000 random keys", RANDOM, 1, {
    keysPerRequest: 10,
    short: true,
  }),
  ...[1, 16].map((depth) =>
    hits("miss", "misses: 200,000 keys in turn", { kind: "sequence", keys: 200_000 }, depth, {
      group: "Misses",
      warmKeys: 0,
      defaults: true,
      short: true,
    })
  ),
  hits("mix", "95 % hits, 5 % misses", { kind: "mix", share: 0.95, hot: 1000, keys: 200_000 }, 1, {
    group: "Misses",
    warmKeys: 0,
    defaults: true,
    short: true,
  }),
];

export interface HttpWorkload {
  readonly id: string;
  readonly title: string;
  readonly dataset: DatasetName;
  readonly connections: number;
  /** Whether to compare with a constant answer of the same size from `Deno.serve`. */
  readonly constant: boolean;
  readonly short: boolean;
}

export const HTTP_WORKLOADS: readonly HttpWorkload[] = SIZES.map(([size, dataset]) => ({
  id: `http-size-${dataset}`,
  title: `${size} values, keep-alive`,
  dataset,
  connections: dataset === "1MiB" ? 8 : 50,
  constant: dataset === "100B",
  short: ["100B", "10KiB"].includes(dataset),
}));
