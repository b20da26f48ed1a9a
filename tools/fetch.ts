// Fetches everything that a build needs, so that a container image can keep it in a layer of its
// own:
//   deno run -A tools/fetch.ts [oldest]      oldest: also the oldest Deno that tests run on
import config from "../deno.json" with { type: "json" };
import { fetchEsbuild } from "./bundle.ts";
import { main, runQuietly } from "./command.ts";
import { fetchDeno, fetchDenort } from "./denort.ts";
import npm from "./npm_imports.json" with { type: "json" };
import { denoEnv, supply, supplyFlags } from "./supply.ts";

/** Resolves a bare name by deno.json: "@std/cli/parse-args" becomes "jsr:@std/cli@1/parse-args". */
function ordinary(name: string): string {
  for (const [own, specifier] of Object.entries(config.imports)) {
    if (name === own || name.startsWith(`${own}/`)) return specifier + name.slice(own.length);
  }
  throw new Error(`Cannot find "${name}" among the imports of deno.json`);
}

await main(async () => {
  const { imports, runtime } = await supply();
  if (runtime === "pair" || Deno.args.includes("oldest")) await fetchDeno();
  if (runtime === "pair") await fetchDenort();
  await fetchEsbuild();
  const modules = imports === "npm"
    ? Object.values(npm.imports)
    : Object.keys(npm.imports).map(ordinary);
  const cache = [Deno.execPath(), "cache", ...await supplyFlags(), ...modules];
  await runQuietly(cache, { env: denoEnv() });
  return 0;
});
