// The servers that tests run against: the redis-server on PATH, and Redis 8.0 and Valkey 8.1 if they
// can be fetched. Those are packages of Debian 13 with the libraries that they need. They are unpacked
// into the tools' cache folder, not installed: about 15 MB, once.
//   deno run -A tools/newer_servers.ts      fetches them, and prints all
import { cacheFolder } from "./cache_folder.ts";
import { main, runQuietly, say } from "./command.ts";
import { isOnPath } from "./install_redis.ts";

/** A server that speaks RESP. */
export interface ServerProgram {
  /** As the program says it: "redis-server 7.0.15". */
  readonly name: string;
  readonly path: string;
}

const FOLDER = `${cacheFolder()}/servers-debian-13`;
const PROGRAMS = ["redis-server", "valkey-server"];
const LIBRARIES = ["libc6", "libssl3t64", "libjemalloc2", "liblzf1", "libsystemd0", "libstdc++6"]
  .concat("libgcc-s1", "libatomic1", "libcap2", "liblz4-1", "liblzma5", "libzstd1", "zlib1g")
  .concat("libgcrypt20", "libgpg-error0", "redis-tools", "valkey-tools");
const LOADER = "usr/lib64/ld-linux-x86-64.so.2";
const LIBRARY_PATH = "usr/lib/x86_64-linux-gnu";

/** The servers that are here now: the one on PATH first. */
export function serverPrograms(): ServerProgram[] {
  const newer = PROGRAMS.map((program) => `${FOLDER}/bin/${program}`).filter(exists);
  return ["redis-server", ...newer].map((path) => ({ name: nameOf(path), path }));
}

/**
 * Fetches the newer servers, if they are missing.
 *
 * @throws {Error} When they cannot be fetched here; the message says why.
 */
export async function fetchNewerServers(): Promise<void> {
  if (PROGRAMS.every((program) => exists(`${FOLDER}/bin/${program}`))) return;
  const isFit = Deno.build.target === "x86_64-unknown-linux-gnu" &&
    ["apt-get", "dpkg-deb"].every(isOnPath);
  if (!isFit) throw new Error("wanted Linux on x86_64 with apt-get and dpkg-deb");
  const mirror = await findMirror();
  say(`fetching Redis 8.0 and Valkey 8.1 from ${mirror}, Debian 13, about 15 MB`);
  const scratch = await Deno.makeTempDir({ dir: cacheFolder(), prefix: "servers-" });
  try {
    await unpack(scratch, mirror);
    for (const program of PROGRAMS) await writeStarter(scratch, program);
    await Deno.rename(scratch, FOLDER);
  } catch (error) {
    // Another run may have been quicker.
    if (!exists(FOLDER)) throw error;
  } finally {
    await Deno.remove(scratch, { recursive: true }).catch(() => {});
  }
}

/** The Debian archive that this machine's own apt asks. */
async function findMirror(): Promise<string> {
  const folder = "/etc/apt/sources.list.d";
  const listed = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  const files = ["/etc/apt/sources.list", ...listed.map(({ name }) => `${folder}/${name}`)];
  for (const file of files) {
    const text = await Deno.readTextFile(file).catch(() => "");
    const address = /^[^#\n]*\b(https?:\/\/\S+\/debian)\/?(?:\s|$)/m.exec(text)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error("wanted the address of a Debian archive in /etc/apt");
}

/** Downloads the packages with an apt of its own, and unpacks them side by side. */
async function unpack(folder: string, mirror: string): Promise<void> {
  const apt = `${folder}/apt`;
  for (const name of ["etc", "state/lists/partial", "cache/archives/partial", "packages"]) {
    await Deno.mkdir(`${apt}/${name}`, { recursive: true });
  }
  const keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
  await Deno.writeTextFile(`${apt}/etc/sources`, `deb [signed-by=${keys}] ${mirror} trixie main\n`);
  const settings = {
    "Dir::Etc::sourcelist": `${apt}/etc/sources`,
    "Dir::Etc::sourceparts": "-",
    "Dir::State": `${apt}/state`,
    "Dir::Cache": `${apt}/cache`,
    "APT::Architecture": "amd64",
    "APT::Sandbox::User": "root",
    "Acquire::http::Timeout": "20",
    "Acquire::https::Timeout": "20",
  };
  const flags = Object.entries(settings).map(([name, value]) => `-o${name}=${value}`);
  const cwd = `${apt}/packages`;
  await runQuietly(["apt-get", "-qq", ...flags, "update"], { cwd });
  await runQuietly(["apt-get", "-qq", ...flags, "download", ...PROGRAMS, ...LIBRARIES], { cwd });
  for await (const { name } of Deno.readDir(cwd)) {
    await runQuietly(["dpkg-deb", "-x", `${cwd}/${name}`, `${folder}/root`]);
  }
  await Deno.remove(apt, { recursive: true });
}

/** Writes a script that starts a program with the loader and the libraries of its own system. */
async function writeStarter(folder: string, program: string): Promise<void> {
  await Deno.mkdir(`${folder}/bin`, { recursive: true });
  const root = `${FOLDER}/root`;
  const command = [`"${root}/${LOADER}"`, "--argv0", program]
    .concat("--library-path", `"${root}/${LIBRARY_PATH}"`, `"${root}/usr/bin/${program}"`, '"$@"');
  await Deno.writeTextFile(`${folder}/bin/${program}`, `#!/bin/sh\nexec ${command.join(" ")}\n`, {
    mode: 0o755,
  });
}

/** Returns a program's name and version. */
function nameOf(path: string): string {
  const { stdout } = new Deno.Command(path, { args: ["--version"], stderr: "null" }).outputSync();
  const said = new TextDecoder().decode(stdout);
  const program = path.split("/").at(-1)!;
  return `${program} ${/v=([\d.]+)/.exec(said)?.[1] ?? "of an unknown version"}`;
}

function exists(path: string): boolean {
  try {
    return Boolean(Deno.statSync(path));
  } catch {
    return false;
  }
}

if (import.meta.main) {
  await main(async () => {
    await fetchNewerServers();
    for (const { name, path } of serverPrograms()) console.log(`${name}: ${path}`);
    return 0;
  });
}
