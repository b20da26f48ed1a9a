// Makes dist/redis-proxy, the one executable, by `deno compile`; does nothing where it is up to date.
//   RP_DENO_COMPILE  the Deno to compile with          DENORT_BIN  the runtime to compile on
import { bringBundler, bundle } from "./bundle.ts";
import { main, ROOT, run, say } from "./command.ts";
import { bringDeno, bringDenort } from "./denort.ts";
import { PERMISSIONS } from "./permissions.ts";
import { denoEnv, supply, supplyFlags } from "./supply.ts";

/**
 * Flags for V8 that are baked in: none. With any, V8 does not take what Deno has compiled ahead of
 * its own code, which costs a start 3 ms, and none has been measured to be worth it.
 */
const V8_FLAGS: readonly string[] = [];

/**
 * The bundle is checked and whole: no package comes along. Without a code cache, which is a file in
 * the folder for temporary files: it saves 3 ms of a start, but the executable would write it though
 * it is to write nothing, and run what it holds, whoever wrote that.
 */
const COMPILE_FLAGS = ["--no-check", "--no-config", "--no-lock", "--no-code-cache"];

const OUTPUT = "dist/redis-proxy";
const INPUTS = ["main.ts", "src", "deno.json", "deno.lock", "tools"];
const RECORD = `${ROOT}/dist/build.json`;

/** What the executable was made with; a change of it asks for a new one. */
export interface Build {
  bundler: string;
  deno: string;
  denort: string | null;
  bundleFlags: string[];
  flags: string[];
}

/** Builds where needed, and tells what the executable was made with. */
export async function build(): Promise<Build> {
  const wanted = await plan();
  if (isUpToDate(wanted)) {
    say(`${OUTPUT} is up to date`);
    return wanted;
  }
  const env = { ...denoEnv(), ...(wanted.denort && { DENORT_BIN: wanted.denort }) };
  say(`building ${OUTPUT} with ${wanted.deno}${wanted.denort ? ` on ${wanted.denort}` : ""}`);
  const program = await bundle(wanted.bundler, wanted.bundleFlags);
  // Under a name of its own until it is whole: a running executable cannot be written to.
  const part = `${OUTPUT}.part`;
  const code = await run(
    [wanted.deno, "compile", "--quiet", ...wanted.flags, "--output", part, ...program],
    { env },
  );
  if (code !== 0) throw new Error(`Cannot build ${OUTPUT}: deno compile ended with status ${code}`);
  Deno.renameSync(`${ROOT}/${part}`, `${ROOT}/${OUTPUT}`);
  Deno.writeTextFileSync(RECORD, JSON.stringify(wanted, null, 2) + "\n");
  return wanted;
}

async function plan(): Promise<Build> {
  const v8 = V8_FLAGS.length > 0 ? [`--v8-flags=${V8_FLAGS.join(",")}`] : [];
  const bundler = await bringBundler();
  const bundleFlags = ["--check", ...await supplyFlags()];
  const flags = [...COMPILE_FLAGS, ...v8, ...PERMISSIONS];
  const common = { bundler, bundleFlags, flags };
  const deno = Deno.env.get("RP_DENO_COMPILE");
  const denort = Deno.env.get("DENORT_BIN") ?? null;
  const usual = deno || denort || (await supply()).runtime === "download";
  if (usual) return { deno: deno ?? Deno.execPath(), denort, ...common };
  return { deno: await bringDeno(), denort: await bringDenort(), ...common };
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

/** When a file, or the latest of a folder's files, was changed; 0 where there is none. */
function newest(path: string): number {
  const info = statOrNull(path);
  if (!info) return 0;
  const own = info.mtime?.getTime() ?? Infinity;
  if (!info.isDirectory) return own;
  // The folder's own time counts too: it tells of files that are gone.
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
