// Puts the program and its packages together into a few files, before they are compiled: what is
// loaded at once, and what later, which is ioredis. As 190 files and whole packages, the executable
// takes 1.7 times as long to start, and is 7 MB larger (docs/benchmarks.md, "The start").
import { ROOT, runQuietly } from "./command.ts";
import { bringDeno } from "./denort.ts";
import { denoEnv } from "./supply.ts";

/** The Deno to bundle with, unless the running one is newer: that of 2.4.2 cannot bundle ioredis. */
export const BUNDLER_VERSION = "2.9.6";

/** Where the bundle is put; nothing else is there. */
const FOLDER = "dist/bundle";

/** Says what kind of modules these are; else the executable looks for it in the machine's folders. */
const PACKAGE = `${FOLDER}/package.json`;

/** The path of a Deno that bundles, brought where the running one is too old. */
export function bringBundler(): Promise<string> {
  if (isAtLeast(Deno.version.deno, BUNDLER_VERSION)) return Promise.resolve(Deno.execPath());
  return bringDeno(BUNDLER_VERSION);
}

/**
 * Bundles the program and gives what is to be compiled. Minified, which is 4 ms of a start of 36;
 * stack traces still name the methods.
 */
export async function bundle(bundler: string, flags: readonly string[]): Promise<string[]> {
  await Deno.remove(`${ROOT}/${FOLDER}`, { recursive: true }).catch(() => {/* None yet. */});
  await runBundler(bundler, [
    ...flags,
    "--minify",
    "--code-splitting",
    "--outdir",
    FOLDER,
    "main.ts",
  ]);
  await Deno.writeTextFile(`${ROOT}/${PACKAGE}`, `{ "type": "module" }\n`);
  return ["--include", PACKAGE, `${FOLDER}/main.js`];
}

/** Brings what Deno itself fetches when it first bundles: esbuild, from npm. */
export async function bringEsbuild(): Promise<void> {
  const bundler = await bringBundler();
  const folder = await Deno.makeTempDir({ prefix: "redis-proxy-bundle-" });
  try {
    await Deno.writeTextFile(`${folder}/empty.ts`, "");
    const files = ["--output", `${folder}/empty.js`, `${folder}/empty.ts`];
    await runBundler(bundler, ["--no-config", "--no-lock", ...files]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function runBundler(bundler: string, args: readonly string[]): Promise<void> {
  return runQuietly([bundler, "bundle", "--quiet", ...args], { env: denoEnv() });
}

/** Whether one version, such as "2.10.0", is another or a later one. */
export function isAtLeast(version: string, oldest: string): boolean {
  const numbers = (text: string) => text.split(/[.+-]/).slice(0, 3).map(Number);
  const wanted = numbers(oldest);
  for (const [index, number] of numbers(version).entries()) {
    if (number !== wanted[index]) return number > wanted[index]!;
  }
  return true;
}
