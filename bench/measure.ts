// Paired, alternating repetitions. In each one, every server runs once, and the order reverses from
// one repetition to the next. Servers are compared only within a repetition, so that other load on
// the machine affects all of them. A ratio is the median over the repetitions. No run is discarded.
import type { Sample } from "./loads.ts";
import { median, type Spread, spread } from "./statistics.ts";

/** A server in a row; the first one is ours. */
export interface Subject {
  readonly name: string;
  run(): Promise<Sample>;
}

/** Ours compared with one peer; above 1 ours is better. */
export interface Ratio {
  readonly against: string;
  /** Requests per second, ours divided by theirs. */
  readonly throughput: Spread;
  /** Requests per CPU second, ours divided by theirs: the ratio for a full core. */
  readonly perCpu: Spread;
  /** Median and 99th percentile of latency, theirs divided by ours; null if unknown. */
  readonly p50: Spread | null;
  readonly p99: Spread | null;
}

/** One line of the result. */
export interface Row {
  readonly id: string;
  readonly group: string;
  readonly title: string;
  readonly samples: Readonly<Record<string, readonly Sample[]>>;
  readonly ratios: readonly Ratio[];
  /** Notes for the reader: what limited it, what was left out. */
  readonly notes: readonly string[];
}

/** A server or a load generator that used less than this share of its CPU did not limit the run. */
const BUSY = 0.9;

/** The name of a row, and how to read it. */
export interface Heading {
  readonly id: string;
  readonly group: string;
  readonly title: string;
  readonly notes?: readonly string[];
  /** Whether the load had a fixed rate, so that no server was meant to be busy. */
  readonly isPaced?: boolean;
}

/** Does the work of a row once without counting it, as a program that runs for days has done it. */
export async function rehearse(subjects: readonly Subject[]): Promise<void> {
  for (const { run } of subjects) await run();
}

/** Measures one row. */
export async function compare(
  { id, group, title, notes = [], isPaced = false }: Heading,
  subjects: readonly Subject[],
  repetitions: number,
): Promise<Row> {
  const samples: Record<string, Sample[]> = {};
  for (const { name } of subjects) samples[name] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const round = repetition % 2 === 0 ? subjects : subjects.toReversed();
    for (const { name, run } of round) samples[name]!.push(await run());
  }
  const [ours, ...peers] = subjects;
  const ratios = peers.map(({ name }) => ratio(name, samples[ours!.name]!, samples[name]!));
  return {
    id,
    group,
    title,
    samples,
    ratios,
    notes: [...notes, ...(isPaced ? [] : idlers(samples))],
  };
}

function ratio(against: string, ours: readonly Sample[], theirs: readonly Sample[]): Ratio {
  const paired = (of: (ours: Sample, theirs: Sample) => number) =>
    spread(ours.map((sample, index) => of(sample, theirs[index]!)));
  const latency = (name: "p50" | "p99") =>
    [...ours, ...theirs].every((sample) => sample[name] !== null)
      ? paired((a, b) => b[name]! / a[name]!)
      : null;
  return {
    against,
    throughput: paired((a, b) => a.rate / b.rate),
    perCpu: paired((a, b) => b.cpu / a.cpu),
    p50: latency("p50"),
    p99: latency("p99"),
  };
}

/** Notes on runs that something other than the server limited: what limited each. */
function idlers(samples: Record<string, Sample[]>): string[] {
  return Object.entries(samples).flatMap(([name, runs]) => {
    const busy = median(runs.map(({ busy }) => busy));
    if (busy >= BUSY) return [];
    const loads = runs.flatMap(({ loadBusy }) => loadBusy ?? []);
    const why = loads.length === 0
      ? "something else was the limit"
      : median(loads) >= BUSY
      ? "the load generator was the limit"
      : "the machine was busy with something else, or waited";
    return [`${name} used ${Math.round(busy * 100)} % of its CPU: ${why}`];
  });
}
