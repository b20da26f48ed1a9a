// Measures which lines of the program the unit and end-to-end tests run: deno task coverage
// Writes coverage/lcov.info and coverage/summary.txt; fails below FLOOR.
import { build } from "./build.ts";
import { main, ROOT, run, say } from "./command.ts";
import { PERMISSIONS } from "./permissions.ts";
import { denoEnv, supplyFlags } from "./supply.ts";

/** The percentage of the lines in src/ that the tests must run. The README names it. */
export const FLOOR = 96;

const OUTPUT = `${ROOT}/coverage`;
const PROGRAM = "tests/support/covered_main.ts";

/** The number of lines or branches, and how many of them the tests run. */
interface Rate {
  found: number;
  hit: number;
}

interface Rates {
  lines: Rate;
  branches: Rate;
}

/** Flags for `deno test` that make unit tests write their coverage to the folder. */
export function unitFlags(folder: string): string[] {
  return [`--coverage=${folder}/unit`, "--coverage-raw-data-only"];
}

/** The value of RP_TEST_COMMAND for end-to-end tests that makes each proxy write its coverage. */
export async function coveredCommand(deno: string, folder: string): Promise<string> {
  const flags = ["--no-check", `--coverage=${folder}/e2e`, ...await supplyFlags(), ...PERMISSIONS];
  return JSON.stringify([deno, "run", ...flags, PROGRAM]);
}

/** Merges the coverage in the folder, prints it, and returns whether it is enough. */
export async function report(deno: string, folder: string): Promise<boolean> {
  await Deno.mkdir(OUTPUT, { recursive: true });
  const lcov = `${OUTPUT}/lcov.info`;
  const { success, stderr } = await new Deno.Command(deno, {
    args: [
      ...["coverage", "--quiet", "--lcov", `--output=${lcov}`],
      ...[`--include=^file://${ROOT}/(src/|main\\.ts)`, `${folder}/unit`, `${folder}/e2e`],
    ],
    cwd: ROOT,
    env: denoEnv(),
  }).output();
  if (!success) throw new Error(`Cannot read the coverage: ${new TextDecoder().decode(stderr)}`);
  const rooms = ratesByRoom(await Deno.readTextFile(lcov));
  const all = sum([...rooms.values()]);
  const summary = [...rooms, ["all", all] as const].map(([room, rates]) => line(room, rates));
  const text = `${"".padEnd(12)}${"lines".padStart(9)}${"branches".padStart(10)}\n${
    summary.join("\n")
  }\n`;
  await Deno.writeTextFile(`${OUTPUT}/summary.txt`, text);
  console.log(text);
  const reached = percent(all.lines);
  if (reached >= FLOOR) return true;
  say(`The tests run ${reached.toFixed(1)} % of the lines: wanted ${FLOOR} % or more`);
  return false;
}

/** Adds up a report in the lcov format for each room of src. */
export function ratesByRoom(lcov: string): Map<string, Rates> {
  const records = lcov.split("end_of_record").filter((record) => record.includes("SF:"));
  const byRoom = Map.groupBy(records, (record) => {
    const [, path] = /^SF:(.*)$/m.exec(record)!;
    return /\/src\/([^/]+)\//.exec(path!)?.[1] ?? "main";
  });
  const rooms = [...byRoom].map(([room, records]) => [room, sum(records.map(ratesOf))] as const);
  return new Map(rooms.sort(([a], [b]) => a < b ? -1 : 1));
}

function ratesOf(record: string): Rates {
  const number = (name: string) =>
    Number(new RegExp(`^${name}:(\\d+)$`, "m").exec(record)?.[1] ?? 0);
  return {
    lines: { found: number("LF"), hit: number("LH") },
    branches: { found: number("BRF"), hit: number("BRH") },
  };
}

function sum(all: readonly Rates[]): Rates {
  const add = (kind: keyof Rates): Rate => ({
    found: all.reduce((total, rates) => total + rates[kind].found, 0),
    hit: all.reduce((total, rates) => total + rates[kind].hit, 0),
  });
  return { lines: add("lines"), branches: add("branches") };
}

function percent({ found, hit }: Rate): number {
  return found === 0 ? 100 : 100 * hit / found;
}

function line(room: string, { lines, branches }: Rates): string {
  const cell = (rate: Rate) => `${percent(rate).toFixed(1)} %`;
  return `${room.padEnd(12)}${cell(lines).padStart(9)}${cell(branches).padStart(10)}`;
}

async function measure(): Promise<boolean> {
  const deno = Deno.execPath();
  const folder = await Deno.makeTempDir({ prefix: "redis-proxy-coverage-" });
  try {
    await build();
    const test = async (flags: string[], env: Record<string, string> = {}) => {
      const all = ["test", "-A", "--no-check", "--parallel", "--quiet", ...await supplyFlags()];
      return await run([deno, ...all, ...flags], { env: { ...denoEnv(), ...env } }) === 0;
    };
    const RP_TEST_COMMAND = await coveredCommand(deno, folder);
    const isUnitGood = await test([...unitFlags(folder), "tests/unit"]);
    const isGood = await test(["tests/e2e"], { RP_TEST_COMMAND }) && isUnitGood;
    return await report(deno, folder) && isGood;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  await main(async () => await measure() ? 0 : 1);
}
