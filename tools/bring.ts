// Brings all that a build fetches, so that a container image can keep it in a layer of its own:
//   deno run -A tools/bring.ts [oldest]      oldest: the oldest Deno to be tested with, as well
import config from "../deno.json" with { type: "json" };
import { bringEsbuild } from "./bundle.ts";
import { main, runQuietly } from "./command.ts";
import { bringDeno, bringDenort } from "./denort.ts";
import npm from "./npm_imports.json" with { type: "json" };
import { denoEnv, supply, supplyFlags } from "./supply.ts";

/** What the bare name stands for in deno.json: "@std/cli/parse-args" is "jsr:@std/cli@1/parse-args". */
function ordinary(name: string): string {
  for (const [own, specifier] of Object.entries(config.imports)) {
    if (name === own || name.startsWith(`${own}/`)) return specifier + name.slice(own.length);
  }
  throw new Error(`Cannot find "${name}" among the imports of deno.json`);
}

await main(async () => {
  const { imports, runtime } = await supply();
  if (runtime === "pair" || Deno.args.includes("oldest")) await bringDeno();
  if (runtime === "pair") await bringDenort();
  await bringEsbuild();
  const modules = imports === "npm"
    ? Object.values(npm.imports)
    : Object.keys(npm.imports).map(ordinary);
  const cache = [Deno.execPath(), "cache", ...await supplyFlags(), ...modules];
  await runQuietly(cache, { env: denoEnv() });
  return 0;
});
