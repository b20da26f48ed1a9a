/**
 * Runs the soak from the command line: duration, faults and load.
 *
 *     deno task soak --seconds 60                   no faults
 *     deno task soak --seconds 600 --faults all     all faults, at random
 *     deno task soak --every 20000 --faults all     a fault every 20 seconds
 *     deno task soak --large 300000                 a quarter of the values is large
 *     deno task soak --faults freeze-data,hang      these faults
 *     deno task soak --tracking-mode redirect       one way in which Redis announces changes
 *     deno task soak --server valkey-server         another server
 *     deno task soak --readers 16                   fewer clients
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { FAULTS } from "./rig.ts";
import { soak } from "./soak.ts";

const NUMBERS = {
  seconds: "20",
  readers: "50",
  writers: "4",
  through: "4",
  keys: "64",
  lease: "1000",
  large: "0",
  every: "0",
};

const args = parseArgs(Deno.args, {
  string: [...Object.keys(NUMBERS), "faults", "tracking-mode", "server"],
  default: { ...NUMBERS, "faults": "none", "tracking-mode": "auto", "server": "redis-server" },
});

function numberOf(name: keyof typeof NUMBERS): number {
  const value = Number(args[name]);
  if (value > 0) return value;
  console.error(`Cannot use "${args[name]}" for --${name}: wanted a positive number`);
  Deno.exit(2);
}

function faultsOf(text: string) {
  if (text === "none") return [];
  if (text === "all") return FAULTS;
  return text.split(",").map((name) => {
    const fault = FAULTS.find((one) => one.name === name);
    if (fault !== undefined) return fault;
    console.error(
      `Cannot find the fault "${name}": wanted none, all or ${FAULTS.map((one) => one.name)}`,
    );
    Deno.exit(2);
  });
}

const report = await soak({
  seconds: numberOf("seconds"),
  readers: numberOf("readers"),
  writers: numberOf("writers"),
  through: Number(args.through),
  keys: numberOf("keys"),
  lease: numberOf("lease"),
  large: Number(args.large),
  ...(Number(args.every) > 0 ? { every: Number(args.every) } : {}),
  isMeasured: true,
  faults: faultsOf(args.faults),
  trackingMode: args["tracking-mode"],
  program: args.server,
  onFault: (name) => console.log(`${(performance.now() / 1000).toFixed(1)} s: ${name}`),
});
console.log(JSON.stringify(report, null, 2));
const { violations, unequal, leftovers } = report;
const isGood = [...violations, ...unequal, ...leftovers].length === 0;
console.log(isGood ? "good" : "NOT GOOD");
Deno.exit(isGood ? 0 : 1);
