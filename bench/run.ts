// `make bench`: measures redis-proxy side by side with its peers and writes the results to
// bench/results. docs/benchmarks.md explains how it is measured.
import { parseArgs } from "@std/cli/parse-args";
import { main, ROOT, say } from "../tools/command.ts";
import { build } from "../tools/build.ts";
import { openField } from "./field.ts";
import { describeMachine } from "./machine.ts";
import type { Row } from "./measure.ts";
import { findPrograms, removeScratch } from "./peers.ts";
import { barsAgainst, barsOfTargets, ratioPlot } from "./plot.ts";
import { markdown, type Report, verdicts } from "./report.ts";
import type { Context } from "./scenario.ts";
import { SCENARIOS } from "./scenarios.ts";
import type { Cost } from "./targets.ts";

const USAGE = `Usage: make bench, or deno task bench [--full] [--only PATTERN] [--list]

  --full             all workloads, more and longer repetitions (about half an hour)
  --only PATTERN     only scenarios whose id matches this regular expression
  --repetitions N    repetitions of each server (short form 3, full form 7)
  --seconds S        counted seconds of each run (short form 0.5, full form 2)
  --out FOLDER       folder of the results (bench/results)
  --list             list the scenarios`;

interface Options {
  readonly isFull: boolean;
  readonly only: RegExp | null;
  readonly repetitions: number;
  readonly seconds: number;
  readonly out: string;
}

function optionsOf(args: string[]): Options | "help" | "list" {
  const flags = parseArgs(args, {
    boolean: ["full", "list", "help"],
    string: ["only", "repetitions", "seconds", "out"],
    unknown: (arg: string) => {
      throw new Error(`Cannot use "${arg}":\n${USAGE}`);
    },
  });
  if (flags.help) return "help";
  if (flags.list) return "list";
  const number = (name: "repetitions" | "seconds", fallback: number) => {
    const value = Number(flags[name] ?? fallback);
    if (value > 0) return value;
    throw new Error(`Cannot use --${name}="${flags[name]}": wanted a number above 0`);
  };
  return {
    isFull: flags.full,
    only: flags.only === undefined ? null : new RegExp(flags.only),
    repetitions: number("repetitions", flags.full ? 7 : 3),
    seconds: number("seconds", flags.full ? 2 : 0.5),
    out: flags.out ?? `${ROOT}/bench/results`,
  };
}

async function measure(options: Options): Promise<Report> {
  const { isFull, only, repetitions, seconds } = options;
  const missing = await findPrograms();
  await build();
  const machine = await describeMachine();
  const chosen = SCENARIOS.filter(({ id, short }) => only?.test(id) ?? (isFull || short));
  const left: Record<string, string> = Object.fromEntries(missing);
  for (const { id } of SCENARIOS) {
    if (!chosen.some((one) => one.id === id)) left[id] = "not selected for this run";
  }
  say("starting the servers and storing the data");
  await using field = await openField(missing);
  const context: Context = { field, seconds, repetitions, isFull };
  const rows: Row[] = [];
  const costs: Cost[] = [];
  for (const [index, { id, title, measure }] of chosen.entries()) {
    const begin = performance.now();
    try {
      const found = await measure(context);
      rows.push(...found.rows ?? []);
      costs.push(...found.costs ?? []);
      const took = ((performance.now() - begin) / 1000).toFixed(1);
      say(`[${index + 1}/${chosen.length}] ${title} (${took} s): ${summary(found)}`);
    } catch (error) {
      left[id] = error instanceof Error ? error.message : String(error);
      say(`[${index + 1}/${chosen.length}] ${title}: not measured: ${left[id]}`);
    }
  }
  const peers = Object.entries(field).filter(([name]) => typeof name === "string");
  const commands = Object.fromEntries(
    peers.flatMap(([name, peer]) => peer?.command ? [[name, peer.command.join(" ")]] : []),
  );
  const form = only ? "Partial" : isFull ? "Full" : "Short";
  return { machine, form, repetitions, seconds, commands, rows, costs, left };
}

function summary({ rows = [], costs = [] }: { rows?: readonly Row[]; costs?: readonly Cost[] }) {
  return [
    ...rows.flatMap(({ ratios, title }) =>
      ratios.map(({ against, throughput, perCpu }, index) =>
        `${rows.length > 1 && index === 0 ? `${title}: ` : ""}${
          throughput.median.toFixed(2)
        } of ${against} (${perCpu.median.toFixed(2)} per CPU)`
      )
    ),
    ...costs.map(({ ratio, against }) => `${ratio.toFixed(2)} against ${against}`),
  ].join(", ");
}

function write(report: Report, out: string): void {
  Deno.mkdirSync(out, { recursive: true });
  Deno.writeTextFileSync(`${out}/results.md`, markdown(report));
  Deno.writeTextFileSync(`${out}/results.json`, JSON.stringify(report, null, 1) + "\n");
  const against = new Set(report.rows.flatMap(({ ratios }) => ratios.map((one) => one.against)));
  for (const name of against) {
    const title = `redis-proxy against ${name}, requests per second (right of 1 we are faster)`;
    const file = `${out}/against-${name.toLowerCase().replaceAll(".", "-")}.svg`;
    Deno.writeTextFileSync(file, ratioPlot(title, barsAgainst(name, report.rows)));
  }
  const headline = "redis-proxy : its peers (right of 1 we are faster)";
  Deno.writeTextFileSync(`${out}/headline.svg`, ratioPlot(headline, barsOfTargets(report.rows)));
  for (const { state, title, against, wanted, found } of verdicts(report)) {
    if (state !== "not measured") say(`${state}: ${title}, ${against}: ${found} (${wanted})`);
  }
  say(`written to ${out}/results.md, results.json and ${against.size + 1} plots`);
}

await main(async () => {
  if (Deno.build.os !== "linux") {
    throw new Error("Cannot measure here: wanted Linux, for the load generator");
  }
  const options = optionsOf(Deno.args);
  if (options === "help") {
    console.log(USAGE);
  } else if (options === "list") {
    for (const { id, title, short } of SCENARIOS) {
      console.log(`${short ? "*" : " "} ${id}: ${title}`);
    }
  } else {
    try {
      write(await measure(options), options.out);
    } finally {
      removeScratch();
    }
  }
  return 0;
});
