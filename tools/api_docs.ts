// The API documentation of the modules that other rooms and other programs build on, as HTML in
// dist/docs: deno run -A tools/api_docs.ts
import { main, ROOT, run, say } from "./command.ts";
import { denoEnv } from "./supply.ts";

/** The documented modules. `deno doc --lint` must accept them. */
export const API = [
  "src/app/proxy.ts",
  ...modulesIn("src/config"),
  ...modulesIn("src/core"),
  "src/cache/policy.ts",
  "src/origin/address.ts",
  "src/origin/follower.ts",
  "src/server/input.ts",
  "src/server/output.ts",
  "src/server/protocol.ts",
];

/** Flags so that `deno doc` resolves imports on every network. */
const FLAGS = ["--import-map=tools/npm_imports.json", "--no-lock"];

const OUTPUT = "dist/docs";

/** The arguments of Deno that check the documentation. */
export const LINT = ["doc", "--lint", ...FLAGS, ...API];

function modulesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(`${ROOT}/${folder}`), ({ name }) => `${folder}/${name}`)
    .filter((path) => path.endsWith(".ts")).sort();
}

if (import.meta.main) {
  await main(async () => {
    const html = ["--html", "--name=redis-proxy", `--output=${OUTPUT}`];
    const code = await run([Deno.execPath(), "doc", ...html, ...FLAGS, ...API], { env: denoEnv() });
    if (code === 0) say(`The documentation is in ${ROOT}/${OUTPUT}/index.html`);
    return code;
  });
}
