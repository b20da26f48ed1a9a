/**
 * Runs the soak from the command line: servers, duration, faults and load.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { enterOwnNetwork } from "../support/own_network.ts";
import { CLUSTER } from "./cluster_faults.ts";
import { ONE_REDIS } from "./redis_rig.ts";
import type { Place } from "./rig.ts";
import { SENTINELS } from "./sentinel_faults.ts";
import { faultsOf, soak } from "./soak.ts";

const HELP = `Checks every answer of a proxy under load and faults.

    deno task soak --seconds 60                   no faults
    deno task soak --seconds 600 --faults all     all faults, at random
    deno task soak --over cluster --faults all    over a cluster of three masters and replicas
    deno task soak --over sentinel --faults all   over a master with a replica and sentinels
    deno task soak --every 20000 --faults all     a fault every 20 seconds
    deno task soak --faults freeze-data,hang      these faults
    deno task soak --large 300000                 a quarter of the values is large
    deno task soak --tracking-mode redirect       one way in which Redis announces changes
    deno task soak --over cluster --read-from replica --faults all
                                                  reads from replicas
    deno task soak --server valkey-server         another server
    deno task soak --readers 16 --pause 20        fewer clients, which pause up to 20 ms
    deno task soak --log soak.log                 writes the log of the proxy to a file
`;

const NUMBERS = {
  seconds: "20",
  readers: "50",
  writers: "4",
  through: "4",
  keys: "64",
  lease: "1000",
  large: "0",
  every: "0",
  pause: "10",
};

const PLACES: Record<string, Place> = {
  redis: ONE_REDIS as Place,
  cluster: CLUSTER as Place,
  sentinel: SENTINELS as Place,
};

const args = parseArgs(Deno.args, {
  boolean: ["help"],
  string: [
    ...Object.keys(NUMBERS),
    "faults",
    "tracking-mode",
    "read-from",
    "server",
    "over",
    "log",
  ],
  default: {
    ...NUMBERS,
    ...{ "faults": "none", "tracking-mode": "auto", "server": "redis-server", "over": "redis" },
    "read-from": "master",
  },
});

function refuse(why: string): never {
  console.error(why);
  Deno.exit(2);
}

function numberOf(name: keyof typeof NUMBERS, least = 1): number {
  const value = Number(args[name]);
  if (value >= least) return value;
  refuse(`Cannot use "${args[name]}" for --${name}: wanted a number from ${least}`);
}

function chosen(text: string, all: readonly string[]): readonly string[] {
  if (text === "none") return [];
  if (text === "all") return all;
  const names = text.split(",");
  const unknown = names.find((name) => !all.includes(name));
  if (unknown === undefined) return names;
  refuse(`Cannot find the fault "${unknown}": wanted none, all or ${all}`);
}

if (args.help) {
  console.log(HELP);
  Deno.exit(0);
}
const place = PLACES[args.over] ??
  refuse(`Cannot use "${args.over}" for --over: wanted ${Object.keys(PLACES).join(" or ")}`);
if (args.faults !== "none" && place.faults.some(({ isOfNetwork }) => isOfNetwork)) {
  const why = await enterOwnNetwork();
  if (why !== null) console.log(`Left out the partition of the network: ${why}`);
}
const every = numberOf("every", 0);
const report = await soak(place, {
  seconds: numberOf("seconds"),
  readers: numberOf("readers"),
  writers: numberOf("writers"),
  through: numberOf("through", 0),
  keys: numberOf("keys"),
  lease: numberOf("lease"),
  large: numberOf("large", 0),
  pause: numberOf("pause", 0),
  ...(every > 0 ? { every } : {}),
  isMeasured: true,
  faults: chosen(args.faults, faultsOf(place, args["tracking-mode"])),
  trackingMode: args["tracking-mode"],
  readFrom: args["read-from"],
  program: args.server,
  onFault: (name) => console.log(`${new Date().toISOString()} ${name}`),
  onLog: (log) => args.log && Deno.writeTextFileSync(args.log, log),
});
console.log(JSON.stringify(report, null, 2));
const { violations, unequal, leftovers } = report;
const isGood = [...violations, ...unequal, ...leftovers].length === 0;
console.log(isGood ? "good" : "NOT GOOD");
Deno.exit(isGood ? 0 : 1);
