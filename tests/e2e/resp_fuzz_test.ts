import { fuzzRound, ROUND } from "../support/fuzz.ts";
import { SEED } from "../support/parity_cases.ts";
import { serving } from "../support/serving.ts";

/** Rounds in the gate; `make fuzz` does many more. */
const ROUNDS = 5;

Deno.test(`after ${ROUNDS * ROUND} mutated requests both protocols are still served`, async () => {
  await using it = await serving();
  for (const args of SEED) await it.ask(...args);
  for (let seed = 1; seed <= ROUNDS; seed++) await fuzzRound(it.port, seed);
});
