// The results, for people and for programs: Markdown with the ratios first, and JSON with
// everything.
import type { Sample } from "./loads.ts";
import type { Machine } from "./machine.ts";
import type { Ratio, Row } from "./measure.ts";
import { type Spread, spread } from "./statistics.ts";
import { type Cost, judge, TARGETS, type Verdict } from "./targets.ts";

/** All results of a run. */
export interface Report {
  readonly machine: Machine;
  readonly form: string;
  readonly repetitions: number;
  readonly seconds: number;
  readonly commands: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  readonly costs: readonly Cost[];
  /** Scenarios that were not measured, and why. */
  readonly left: Readonly<Record<string, string>>;
}

export function verdicts({ rows, costs }: Report): Verdict[] {
  return TARGETS.map((target) => judge(target, [...rows], [...costs]));
}

export function markdown(report: Report): string {
  return [
    "# Benchmark of redis-proxy",
    "",
    `${report.form} form: medians of ${report.repetitions} paired repetitions of ` +
    `${report.seconds} s each, with the lowest and the highest in parentheses. ` +
    "Ratios are ours divided by theirs: above 1 ours is better.",
    "",
    ...targetTable(report),
    ...groups(report.rows).flatMap((group) => rowTables(group, report.rows)),
    ...costTable(report.costs),
    ...leftOut(report.left),
    ...circumstances(report),
  ].join("\n");
}

function targetTable(report: Report): string[] {
  return table(
    "Targets",
    ["Work", "Against", "Wanted", "Found", "Per CPU second", ""],
    verdicts(report).map((
      { title, against, wanted, found, perCpu, state },
    ) => [title, against, wanted, found, perCpu, state === "missed" ? "**missed**" : state]),
  );
}

function rowTables(group: string, all: readonly Row[]): string[] {
  const rows = all.filter((row) => row.group === group);
  const ratios = rows.flatMap(({ title, ratios }) =>
    ratios.map((ratio) => [title, ratio.against, ...ratioCells(ratio)])
  );
  const figures = rows.flatMap(({ title, samples }) =>
    Object.entries(samples).map(([name, runs]) => [title, name, ...figureCells(runs)])
  );
  const notes = rows.flatMap(({ title, notes }) => notes.map((note) => `- ${title}: ${note}.`));
  return [
    ...table(
      `${group}: ratios`,
      ["Work", "Against", "Requests/s", "Requests per CPU second", "p50", "p99"],
      ratios,
    ),
    ...table(
      `${group}: figures`,
      ["Work", "Server", "Requests/s", "CPU per request", "CPU used", "p50", "p99", "p99.9"],
      figures,
    ),
    ...notes,
    "",
  ];
}

function ratioCells({ throughput, perCpu, p50, p99 }: Ratio): string[] {
  return [throughput, perCpu, p50, p99].map((one) => one === null ? "-" : withSpread(one));
}

function withSpread({ median, low, high }: Spread): string {
  return `**${digits(median)}** (${digits(low)} to ${digits(high)})`;
}

function figureCells(runs: readonly Sample[]): string[] {
  const of = (pick: (run: Sample) => number) => spread(runs.map(pick)).median;
  const latency = (name: "p50" | "p99" | "p999") =>
    runs.some((run) => run[name] === null) ? "-" : `${digits(of((run) => run[name]!))} ms`;
  return [
    Math.round(of(({ rate }) => rate)).toLocaleString("en"),
    `${digits(of(({ cpu }) => cpu))} µs`,
    `${Math.round(of(({ busy }) => busy) * 100)} %`,
    latency("p50"),
    latency("p99"),
    latency("p999"),
  ];
}

/** Formats with three significant digits. */
function digits(value: number): string {
  if (!Number.isFinite(value)) return "-";
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function costTable(costs: readonly Cost[]): string[] {
  const lines = costs.map(({ title, against, ratio, figures, notes }) => [
    title,
    against,
    digits(ratio),
    Object.entries(figures).map(([name, figure]) => `${name}: ${figure}`).join("; "),
    notes.join("; "),
  ]);
  return table("Costs (less is better)", ["What", "Against", "Ratio", "Figures", "Note"], lines);
}

function leftOut(left: Readonly<Record<string, string>>): string[] {
  const lines = Object.entries(left).map(([what, why]) => `- ${what}: ${why}`);
  return lines.length === 0 ? [] : ["## Not measured", "", ...lines, ""];
}

function circumstances({ machine, commands }: Report): string[] {
  const { versions, date, cpu, cpus, memory, kernel, placement, loadBefore } = machine;
  return [
    "## Machine and versions",
    "",
    `- ${date}; ${cpu}, ${cpus} CPUs, ${memory}; ${kernel}; ${placement}`,
    `- load average before the run ${loadBefore.toFixed(2)}; ` +
    "a figure well above 0 means that the machine was shared",
    ...Object.entries(versions).map(([name, version]) => `- ${name}: ${version}`),
    "",
    ...Object.entries(commands).flatMap(([name, command]) => [`    # ${name}`, `    ${command}`]),
    "",
  ];
}

function table(title: string, head: string[], lines: string[][]): string[] {
  if (lines.length === 0) return [];
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [`## ${title}`, "", line(head), line(head.map(() => "---")), ...lines.map(line), ""];
}

function groups(rows: readonly Row[]): string[] {
  return [...new Set(rows.map(({ group }) => group))];
}
