// Makes dist/redis-proxy, the executable, with `deno compile`; does nothing if it is up to date.
//   RP_DENO_COMPILE  the Deno to compile with          DENORT_BIN  the runtime to compile on
import { bundle, fetchBundler } from "./bundle.ts";
import { main, ROOT, run, say } from "./command.ts";
import { fetchDeno, fetchDenort } from "./denort.ts";
import { PERMISSIONS } from "./permissions.ts";
import { denoEnv, supply, supplyFlags } from "./supply.ts";

/**
 * V8 flags to compile in with Deno 2.4, which has no other way to collect garbage on demand
 * (src/system/garbage.ts). With any flag, V8 rejects the code that Deno compiled ahead of time,
 * which costs each start 3 ms.
 */
const OLD_V8_FLAGS: readonly string[] = ["--expose-gc"];

/**
 * The bundle is already type-checked, and holds all packages. There is no code cache: it would save
 * 3 ms at the start, but it is a file in the folder for temporary files, and whoever can change it
 * could make the executable run code.
 */
const COMPILE_FLAGS = ["--no-check", "--no-config", "--no-lock", "--no-code-cache"];

const OUTPUT = "dist/redis-proxy";
const INPUTS = ["main.ts", "src", "deno.json", "deno.lock", "tools"];
const RECORD = `${ROOT}/dist/build.json`;

/** The inputs of the executable. If they change, it is built again. */
export interface Build {
  bundler: string;
  deno: string;
  denort: string | null;
  bundleFlags: string[];
  flags: string[];
}

/** Builds the executable if needed, and returns what it was made with. */
export async function build(): Promise<Build> {
  const wanted = await plan();
  if (isUpToDate(wanted)) {
    say(`${OUTPUT} is up to date`);
    return wanted;
  }
  say(`building ${OUTPUT} with ${wanted.deno}${wanted.denort ? ` on ${wanted.denort}` : ""}`);
  const program = await bundle(wanted.bundler, wanted.bundleFlags);
  // Written under another name first: a running executable cannot be overwritten.
  const part = `${OUTPUT}.part`;
  await compile(wanted, program, part);
  Deno.renameSync(`${ROOT}/${part}`, `${ROOT}/${OUTPUT}`);
  Deno.writeTextFileSync(RECORD, JSON.stringify(wanted, null, 2) + "\n");
  return wanted;
}

/** Compiles a bundle; `more` are flags, such as `--target`. */
export async function compile(
  { deno, denort, flags }: Build,
  program: readonly string[],
  output: string,
  more: readonly string[] = [],
): Promise<void> {
  const env = { ...denoEnv(), ...(denort && { DENORT_BIN: denort }) };
  const args = ["compile", "--quiet", ...flags, ...more, "--output", output, ...program];
  const code = await run([deno, ...args], { env });
  if (code !== 0) throw new Error(`Cannot build ${output}: deno compile ended with status ${code}`);
}

/** Decides how to build here: with which Deno, runtime and flags. */
export async function plan(): Promise<Build> {
  const bundler = await fetchBundler();
  const bundleFlags = ["--check", ...await supplyFlags()];
  const flags = [...COMPILE_FLAGS, ...PERMISSIONS];
  const common = { bundler, bundleFlags, flags };
  const deno = Deno.env.get("RP_DENO_COMPILE");
  const denort = Deno.env.get("DENORT_BIN") ?? null;
  const usual = deno || denort || (await supply()).runtime === "download";
  if (usual) return { deno: deno ?? Deno.execPath(), denort, ...common };
  return {
    ...common,
    deno: await fetchDeno(),
    denort: await fetchDenort(),
    flags: [`--v8-flags=${OLD_V8_FLAGS.join(",")}`, ...flags],
  };
}

function isUpToDate(wanted: Build): boolean {
  try {
    const made = Deno.statSync(`${ROOT}/${OUTPUT}`).mtime?.getTime() ?? 0;
    const same = Deno.readTextFileSync(RECORD) === JSON.stringify(wanted, null, 2) + "\n";
    return same && INPUTS.every((input) => newest(`${ROOT}/${input}`) < made);
  } catch {
    return false;
  }
}

/** When a file, or the newest file of a folder, was changed; 0 if there is none. */
function newest(path: string): number {
  const info = statOrNull(path);
  if (!info) return 0;
  const own = info.mtime?.getTime() ?? Infinity;
  if (!info.isDirectory) return own;
  // The folder's own time counts too: it shows that a file was removed.
  return Math.max(
    own,
    ...Array.from(Deno.readDirSync(path), ({ name }) => newest(`${path}/${name}`)),
  );
}

function statOrNull(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch {
    return null;
  }
}

if (import.meta.main) {
  await main(async () => {
    await build();
    return 0;
  });
}
