// The targets. Each one names the rows it depends on, and is met if the worst of them meets it.
import type { Ratio, Row } from "./measure.ts";

export interface Target {
  readonly title: string;
  readonly against: string;
  /** Figures of rows; each must reach its bound. */
  readonly parts: readonly Part[];
}

export interface Part {
  readonly row: string;
  readonly against: string;
  readonly figure: Figure;
  readonly bound: number;
}

/** A figure of a row: a ratio, which is better above 1, or a cost, which is better if lower. */
export type Figure = "throughput" | "p50" | "p99" | "cost" | "cpu";

const isCost = (figure: Figure) => figure === "cost" || figure === "cpu";

function atDepths(name: string, against: string, bounds: readonly number[]): Part[] {
  return bounds.map((bound, index) => ({
    row: `resp-${name}-d${[1, 16, 128][index]}`,
    against,
    figure: "throughput",
    bound,
  }));
}

function target(title: string, against: string, ...parts: Part[]): Target {
  return { title, against, parts };
}

function part(row: string, against: string, figure: Figure, bound: number): Part {
  return { row, against, figure, bound };
}

const REDIS = "redis-server";
const TWEMPROXY = "twemproxy";

export const TARGETS: readonly Target[] = [
  ...(["one", "zipf"] as const).map((name) =>
    target(
      `RESP hits, ${name === "one" ? "1 key" : "Zipf"}, depth 1 / 16 / 128`,
      REDIS,
      ...atDepths(name, REDIS, [1, 1, 0.9]),
    )
  ),
  target(
    "RESP hits, 100,000 random keys, depth 1 / 16 / 128",
    REDIS,
    ...atDepths("random", REDIS, [0.95, 0.8, 0.7]),
  ),
  ...(["one", "random", "zipf"] as const).map((name) =>
    target(
      `RESP hits, ${{ one: "1 key", random: "random keys", zipf: "Zipf" }[name]}, ` +
        "depth 1 / 16 / 128",
      `${TWEMPROXY} before ${REDIS}`,
      ...atDepths(name, TWEMPROXY, [1.3, 3, 4]),
    )
  ),
  target(
    "HTTP hits, 100 B / 10 KiB, 50 connections",
    `webdis before ${REDIS}`,
    part("http-size-100B", "webdis", "throughput", 2.2),
    part("http-size-10KiB", "webdis", "throughput", 2.2),
  ),
  target(
    "HTTP hits, 100 B",
    "a constant answer of Deno.serve",
    part("http-size-100B", "Deno.serve", "throughput", 0.95),
  ),
  target(
    "1 MiB values, RESP / HTTP, bytes per second",
    `${REDIS} over RESP`,
    part("resp-size-1MiB-d1-c8", REDIS, "throughput", 0.9),
    part("http-1MiB-bytes", REDIS, "throughput", 0.9),
  ),
  target(
    "Misses, unique keys, 50 connections, depth 1 / 16",
    TWEMPROXY,
    ...atDepths("miss", TWEMPROXY, [0.85, 1.2]),
  ),
  target("95 % hits, 5 % misses", REDIS, part("resp-mix-d1", REDIS, "throughput", 0.8)),
  ...["set", "incr", "lpush", "hset", "zadd"].map((name) =>
    target(
      `${name.toUpperCase()} that passes, depth 1 / 16`,
      TWEMPROXY,
      part(`pass-${name}-d1`, TWEMPROXY, "throughput", 0.9),
      part(`pass-${name}-d16`, TWEMPROXY, "throughput", 1.5),
    )
  ),
  target(
    "Far Redis, Zipf 0.99, 50 connections: throughput / p50",
    "direct access",
    part("far-throughput", "direct", "throughput", 8),
    part("far-rate", "direct", "p50", 10),
  ),
  target(
    "CPU time per RESP hit, depth 1: times",
    REDIS,
    part("resp-one-d1", REDIS, "cpu", 1.2),
    part("resp-random-d1", REDIS, "cpu", 1.2),
  ),
  target(
    "Memory per entry (16 B key, 100 B value): times",
    `${REDIS}'s used_memory per key`,
    part("memory", REDIS, "cost", 1.8),
  ),
  target("Idle connection: KiB of RSS", "-", part("idle", "KiB", "cost", 6)),
  target(
    "Start to first answer: times",
    "an empty program of deno compile",
    part("start", "empty program", "cost", 1.5),
  ),
  target(
    "p99 at half of the own maximum rate, hits: times",
    `${REDIS} at the same rate`,
    part("rate-half", REDIS, "p99", 1 / 1.5),
  ),
];

/** A cost in bytes or seconds; `ratio` is ours divided by theirs, or ours alone. */
export interface Cost {
  readonly id: string;
  readonly title: string;
  readonly against: string;
  readonly ratio: number;
  /** The figures of the ratio, with units. */
  readonly figures: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

export interface Verdict {
  readonly title: string;
  readonly against: string;
  /** The wanted and the measured figures of each part, in the same order. */
  readonly wanted: string;
  readonly found: string;
  /** The same for rates per CPU second of the server, which also hold on a shared machine. */
  readonly perCpu: string;
  readonly state: "met" | "missed" | "not measured";
}

/** Compares a target with the measurements. */
export function judge({ title, against, parts }: Target, rows: Row[], costs: Cost[]): Verdict {
  const values = parts.map((part) => valueOf(part, rows, costs));
  const met = parts.map(({ figure, bound }, index) => {
    const value = values[index];
    if (value === undefined) return undefined;
    return isCost(figure) ? value <= bound : value >= bound;
  });
  const state = met.includes(false) ? "missed" : met.includes(undefined) ? "not measured" : "met";
  const shown = (value: number | undefined, figure: Figure) => {
    if (value === undefined) return "-";
    return (figure === "p99" ? 1 / value : value).toFixed(2);
  };
  return {
    title,
    against,
    wanted: parts.map(({ figure, bound }) => {
      const isUpper = isCost(figure) || figure === "p99";
      return `${isUpper ? "≤" : "≥"} ${figure === "p99" ? 1 / bound : bound}`;
    }).join(" / "),
    found: parts.map(({ figure }, index) => shown(values[index], figure)).join(" / "),
    perCpu: parts.map((part) => {
      const ratio = part.figure === "throughput" ? ratioOf(part, rows)?.perCpu.median : undefined;
      return shown(ratio, part.figure);
    }).join(" / "),
    state,
  };
}

function ratioOf({ row, against }: Part, rows: Row[]): Ratio | undefined {
  return rows.find(({ id }) => id === row)?.ratios.find((one) => one.against === against);
}

function valueOf(part: Part, rows: Row[], costs: Cost[]): number | undefined {
  const { row, figure } = part;
  if (figure === "cost") return costs.find(({ id }) => id === row)?.ratio;
  const ratio = ratioOf(part, rows);
  if (figure === "cpu") return ratio && 1 / ratio.perCpu.median;
  return ratio?.[figure]?.median;
}
