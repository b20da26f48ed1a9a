// Paired, alternating repetitions: in each, every subject runs once, in an order that turns around
// from one to the next. Subjects are compared within a repetition only, so that what the machine
// does meanwhile meets all of them; a ratio is the median of those of the repetitions. No run is
// thrown away.
import type { Sample } from "./loads.ts";
import { median, type Spread, spread } from "./statistics.ts";

/** A server that a row compares; the first of a row is ours. */
export interface Subject {
  readonly name: string;
  run(): Promise<Sample>;
}

/** Ours against one peer, ours better above 1. */
export interface Ratio {
  readonly against: string;
  /** Requests per second, ours by theirs. */
  readonly throughput: Spread;
  /** Requests per second of CPU time, ours by theirs: what a full core would give. */
  readonly perCpu: Spread;
  /** Median and 99th percentile of latency, theirs by ours; null where they are not known. */
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
  /** What a reader must know: what bounded it, what was left out. */
  readonly notes: readonly string[];
}

/** Below this share of a CPU, a server or a load generator was not what bounded a run. */
const BUSY = 0.9;

/** What a row is called, and how it must be read. */
export interface Heading {
  readonly id: string;
  readonly group: string;
  readonly title: string;
  readonly notes?: readonly string[];
  /** Whether the load came at a fixed rate, so that nobody was meant to be busy. */
  readonly isPaced?: boolean;
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

/** Says where a server was not what bounded its runs, and what was instead. */
function idlers(samples: Record<string, Sample[]>): string[] {
  return Object.entries(samples).flatMap(([name, runs]) => {
    const busy = median(runs.map(({ busy }) => busy));
    if (busy >= BUSY) return [];
    const loads = runs.flatMap(({ loadBusy }) => loadBusy ?? []);
    const why = loads.length === 0
      ? "something else was the bottleneck"
      : median(loads) >= BUSY
      ? "the load generator was the bottleneck"
      : "the machine did something else, or waited";
    return [`${name} used ${Math.round(busy * 100)} % of its CPU: ${why}`];
  });
}
