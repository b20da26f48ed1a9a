// Installs the programs that tests and `make run` need, if they are missing. This needs root on a
// Debian-like system; otherwise an error says what to install.
import { runQuietly, say } from "./command.ts";

const DEBIAN: Record<string, string> = {
  "redis-server": "redis-server",
  "redis-cli": "redis-tools",
  "curl": "curl",
  "openssl": "openssl",
  "python3": "python3-minimal",
};
/** A mirror that does not answer must not delay the rest for long. */
const APT = ["apt-get", "-qq", ...["http", "https"].map((way) => `-oAcquire::${way}::Timeout=20`)];
const POLICY = "/usr/sbin/policy-rc.d";

/** Ensures that programs are on PATH: "redis-server", "redis-cli", "curl", "openssl", "python3". */
export async function ensurePrograms(...programs: string[]): Promise<void> {
  const missing = programs.filter((program) => !isOnPath(program));
  if (missing.length === 0) return;
  if (mayInstall()) await installDebian(missing.map((program) => DEBIAN[program] ?? program));
  const still = missing.filter((program) => !isOnPath(program));
  if (still.length > 0) throw new Error(advice(still));
}

export function isOnPath(program: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((folder) => {
    try {
      return Deno.statSync(`${folder}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

/** Whether packages can be installed here: as root, with apt-get. */
export function mayInstall(): boolean {
  return Deno.uid() === 0 && isOnPath("apt-get");
}

/** Installs Debian packages without starting their services. */
export async function installDebian(packages: string[]): Promise<void> {
  say(`installing ${packages.join(", ")} with apt-get`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const install = ["install", "--yes", "--no-install-recommends", ...packages];
  await withoutServices(async () => {
    await runQuietly([...APT, "update"], { env });
    await runQuietly([...APT, ...install], { env });
  });
}

/** Debian starts a server when its package is installed. A temporary policy prevents that. */
async function withoutServices(work: () => Promise<void>): Promise<void> {
  let ours = true;
  try {
    Deno.writeTextFileSync(POLICY, "#!/bin/sh\nexit 101\n", { createNew: true, mode: 0o755 });
  } catch {
    ours = false; // the system has its own policy
  }
  try {
    await work();
  } finally {
    if (ours) Deno.removeSync(POLICY);
  }
}

function advice(programs: string[]): string {
  return [
    `Cannot find ${programs.join(", ")} on PATH. To install:`,
    `  Debian, Ubuntu  apt-get install ${programs.map((name) => DEBIAN[name] ?? name).join(" ")}`,
    `  Fedora          dnf install redis curl openssl python3`,
    `  macOS           brew install redis curl openssl python3`,
  ].join("\n");
}
