// Sends mutated requests to the executable, a million by default: deno task fuzz [count] [seed]
// Ends with status 1 at the first crash, hang, wrong reply or memory growth, and prints the seed.
import { fuzzRound, ROUND } from "../support/fuzz.ts";
import { SEED } from "../support/parity_cases.ts";
import { serving } from "../support/serving.ts";

/** The allowed growth of the process after the first tenth of all rounds, in bytes. */
const GROWTH_BYTES = 64 * 2 ** 20;

/** The resident memory of a process, in bytes; 0 if unknown. */
function residentOf(pid: number): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

const count = Number(Deno.args[0] ?? 1_000_000);
const seed = Number(Deno.args[1] ?? Date.now() % 1e9);
const rounds = Math.ceil(count / ROUND);
await using it = await serving();
for (const args of SEED) await it.ask(...args);
const { pid } = it.proxy.process;
let warm = 0;
console.log(`${rounds * ROUND} requests, seed ${seed}`);
for (let round = 1; round <= rounds; round++) {
  await fuzzRound(it.port, seed + round);
  if (!it.proxy.process.isRunning) throw new Error(`Ended by seed ${seed + round}`);
  const resident = residentOf(pid);
  if (round === Math.ceil(rounds / 10)) warm = resident;
  if (warm > 0 && resident - warm > GROWTH_BYTES) {
    throw new Error(`Grown from ${warm} to ${resident} bytes by seed ${seed + round}`);
  }
  if (round % 50 === 0 || round === rounds) {
    console.log(`${round * ROUND} sent, ${(resident / 2 ** 20).toFixed(0)} MiB held`);
  }
}
if (it.proxy.process.stderr.includes("Z error ")) throw new Error(it.proxy.process.stderr);
console.log("no crash, no hang, no growth");
