// The only place that chooses between the two kinds of network:
//   imports  jsr: @std from JSR, as in deno.json;  npm: the same names from npm (npm_imports.json)
//   runtime  download: `deno compile` downloads its runtime;  pair: the pinned pair of denort.ts
// The choice is kept in dist/supply.json until `make clean`. RP_SUPPLY=jsr|npm forces it. As a
// program it runs Deno with the flags that fit: deno run -A tools/supply.ts test --parallel tests
import { main, ROOT, run, runQuietly, say } from "./command.ts";
import config from "../deno.json" with { type: "json" };

export interface Supply {
  imports: "jsr" | "npm";
  runtime: "download" | "pair";
}

const DIST = `${ROOT}/dist`;
const MEMORY = `${DIST}/supply.json`;
const JSR_LIMIT_MS = 10_000;
const RUNTIME_LIMIT_MS = 60_000; // the runtime is about 40 MB
const FORCED: Record<string, Supply> = {
  jsr: { imports: "jsr", runtime: "download" },
  npm: { imports: "npm", runtime: "pair" },
};

let chosen: Promise<Supply> | undefined;

/** The supply that fits this network. Prints which one it is, in one line. */
export function supply(): Promise<Supply> {
  return chosen ??= choose();
}

/** The flags for `deno check`, `test`, `run`, `compile`, `bench` and `cache`. */
export async function supplyFlags(): Promise<string[]> {
  if ((await supply()).imports === "jsr") return [];
  return ["--import-map=tools/npm_imports.json", "--lock=tools/npm.lock"];
}

/** The environment for Deno of any version, so that it trusts the machine's certificates too. */
export function denoEnv(): Record<string, string> {
  // Deno exits if it must read the machine's certificates and there are none.
  const bundles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];
  const known = Deno.env.get("DENO_TLS_CA_STORE") ??
    ([Deno.env.get("SSL_CERT_FILE"), ...bundles].some(isFile) ? "system,mozilla" : "mozilla");
  return { DENO_TLS_CA_STORE: known, DENO_NO_UPDATE_CHECK: "1" };
}

async function choose(): Promise<Supply> {
  const wish = Deno.env.get("RP_SUPPLY");
  if (wish) {
    const forced = FORCED[wish];
    if (!forced) throw new Error(`Cannot use RP_SUPPLY="${wish}": wanted jsr or npm`);
    say(`supply: ${wish} (RP_SUPPLY)`);
    return forced;
  }
  const remembered = recall();
  const found = remembered ?? await ask();
  say(`supply: ${describe(found)}`);
  if (!remembered) remember(found);
  return found;
}

async function ask(): Promise<Supply> {
  const [jsr, runtime] = await Promise.all([reachesJsr(), reachesRuntime()]);
  return { imports: jsr ? "jsr" : "npm", runtime: runtime ? "download" : "pair" };
}

// Deno itself does the check, so that its cache, mirror and proxy settings apply.

function reachesJsr(): Promise<boolean> {
  const spec = config.imports["@std/assert"];
  return denoCan(JSR_LIMIT_MS, ["cache", "--no-config", "--no-lock", spec]);
}

/** Compiles an empty program; the build then uses the runtime that this downloads. */
async function reachesRuntime(): Promise<boolean> {
  Deno.mkdirSync(DIST, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: DIST, prefix: "trial." });
  try {
    await Deno.writeTextFile(`${folder}/empty.ts`, "");
    const files = ["--output", `${folder}/empty`, `${folder}/empty.ts`];
    return await denoCan(RUNTIME_LIMIT_MS, ["compile", "--no-config", "--no-lock", ...files]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Whether Deno succeeds with these arguments within the limit, without the user's DENORT_BIN. */
function denoCan(limit: number, args: string[]): Promise<boolean> {
  const { DENORT_BIN: _, ...env } = { ...Deno.env.toObject(), ...denoEnv() };
  const signal = AbortSignal.timeout(limit);
  return runQuietly([Deno.execPath(), ...args], { env, clearEnv: true, signal })
    .then(() => true, () => false);
}

function describe({ imports, runtime }: Supply): string {
  const missing = [
    imports === "npm" ? "JSR" : "",
    runtime === "pair" ? "Deno's download site" : "",
  ].filter(Boolean);
  if (missing.length === 0) return "jsr (RP_SUPPLY=npm forces the other)";
  const name = missing.length === 2 ? "npm" : `imports by ${imports}, runtime by ${runtime}`;
  return `${name} (out of reach: ${missing.join(", ")}; RP_SUPPLY=jsr forces the other)`;
}

function recall(): Supply | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(MEMORY));
  } catch {
    return undefined;
  }
}

function remember(found: Supply): void {
  Deno.mkdirSync(DIST, { recursive: true });
  Deno.writeTextFileSync(MEMORY, JSON.stringify(found) + "\n");
}

function isFile(path: string | undefined): boolean {
  try {
    return path !== undefined && Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

if (import.meta.main) {
  await main(async () => {
    const [subcommand, ...rest] = Deno.args;
    if (!subcommand) throw new Error("Cannot run Deno: wanted a subcommand such as test");
    return run([Deno.execPath(), subcommand, ...await supplyFlags(), ...rest], { env: denoEnv() });
  });
}
