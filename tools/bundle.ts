// Bundles the program and its packages into a few files before they are compiled. Without a bundle,
// the executable takes 1.7 times as long to start and is 7 MB larger (docs/benchmarks.md, "The
// start").
import { ROOT, runQuietly } from "./command.ts";
import { fetchDeno } from "./denort.ts";
import { denoEnv } from "./supply.ts";

/** The Deno to bundle with, unless the running one is newer. Deno 2.4.2 cannot bundle ioredis. */
export const BUNDLER_VERSION = "2.9.6";

/** The folder of the bundle, which holds nothing else. */
const FOLDER = "dist/bundle";

/** The end of the name of a chunk. */
const HASHED = /-[A-Z\d]{8}\.js$/;

/** Declares the kind of modules; otherwise the executable searches the machine's folders for it. */
const PACKAGE = `${FOLDER}/package.json`;

/** The path of a Deno that can bundle; it is fetched if the running one is too old. */
export function fetchBundler(): Promise<string> {
  if (isAtLeast(Deno.version.deno, BUNDLER_VERSION)) return Promise.resolve(Deno.execPath());
  return fetchDeno(BUNDLER_VERSION);
}

/**
 * Bundles the program, and returns the arguments for `deno compile`. Minifying saves 4 of 36 ms at
 * the start, and stack traces still name the methods.
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
  await renameChunks(`${ROOT}/${FOLDER}`);
  await Deno.writeTextFile(`${ROOT}/${PACKAGE}`, `{ "type": "module" }\n`);
  // The executable contains these times: the same sources must make the same one at any time.
  for (const { name } of Deno.readDirSync(`${ROOT}/${FOLDER}`)) {
    await Deno.utime(`${ROOT}/${FOLDER}/${name}`, 0, 0);
  }
  return ["--include", PACKAGE, `${FOLDER}/main.js`];
}

/**
 * Numbers the chunks. Their names contain a hash of the paths of their sources, which differ from
 * machine to machine: the same sources must make the same executable everywhere.
 */
export async function renameChunks(folder: string): Promise<void> {
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
  const chunks = names.filter((name) => HASHED.test(name));
  const texts = await Promise.all(names.map((name) => Deno.readTextFile(`${folder}/${name}`)));
  const lengthOf = (name: string) => texts[names.indexOf(name)]!.length;
  const baseOf = (name: string) => name.replace(HASHED, "");
  chunks.sort((one, other) =>
    baseOf(one).localeCompare(baseOf(other)) || lengthOf(one) - lengthOf(other)
  );
  const renamed = new Map(chunks.map((name, index) => [name, `${baseOf(name)}-${index + 1}.js`]));
  for (const [index, name] of names.entries()) {
    let text = texts[index]!;
    for (const [from, to] of renamed) text = text.replaceAll(from, to);
    await Deno.remove(`${folder}/${name}`);
    await Deno.writeTextFile(`${folder}/${renamed.get(name) ?? name}`, text);
  }
}

/** Fetches what Deno needs the first time it bundles: esbuild, from npm. */
export async function fetchEsbuild(): Promise<void> {
  const bundler = await fetchBundler();
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

/** Whether a version, such as "2.10.0", is `oldest` or later. */
export function isAtLeast(version: string, oldest: string): boolean {
  const numbers = (text: string) => text.split(/[.+-]/).slice(0, 3).map(Number);
  const wanted = numbers(oldest);
  for (const [index, number] of numbers(version).entries()) {
    if (number !== wanted[index]) return number > wanted[index]!;
  }
  return true;
}
