// Brings all that a build fetches, so that a container image can keep it in a layer of its own:
//   deno run -A tools/bring.ts [oldest]      oldest: the oldest Deno to be tested with, as well
import config from "../deno.json" with { type: "json" };
import { main, runQuietly } from "./command.ts";
import { bringDeno, bringDenort } from "./denort.ts";
import npm from "./npm_imports.json" with { type: "json" };
import { denoEnv, supply, supplyFlags } from "./supply.ts";

await main(async () => {
  const { imports, runtime } = await supply();
  if (runtime === "pair" || Deno.args.includes("oldest")) await bringDeno();
  if (runtime === "pair") await bringDenort();
  const packages = Object.values((imports === "npm" ? npm : config).imports);
  const cache = [Deno.execPath(), "cache", ...await supplyFlags(), ...packages];
  await runQuietly(cache, { env: denoEnv() });
  return 0;
});
