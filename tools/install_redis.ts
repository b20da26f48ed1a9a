// Brings the programs that tests and `make run` drive, where they are missing and this may be done:
// as root on a Debian-like system. Else it says what to install.
import { runQuietly, say } from "./command.ts";

const DEBIAN: Record<string, string> = {
  "redis-server": "redis-server",
  "redis-cli": "redis-tools",
  "curl": "curl",
  "openssl": "openssl",
  "python3": "python3-minimal",
};
/** A mirror that does not answer is given up soon. */
const APT = ["apt-get", "-qq", ...["http", "https"].map((way) => `-oAcquire::${way}::Timeout=20`)];
const POLICY = "/usr/sbin/policy-rc.d";

/** Makes sure that the programs are on PATH: "redis-server", "redis-cli", "curl", "openssl", "python3". */
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

/** Whether packages may be installed here without asking anybody. */
export function mayInstall(): boolean {
  return Deno.uid() === 0 && isOnPath("apt-get");
}

/** Installs Debian packages, without starting what they bring. */
export async function installDebian(packages: string[]): Promise<void> {
  say(`installing ${packages.join(", ")} with apt-get`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const install = ["install", "--yes", "--no-install-recommends", ...packages];
  await withoutServices(async () => {
    await runQuietly([...APT, "update"], { env });
    await runQuietly([...APT, ...install], { env });
  });
}

/** Debian starts a server when its package is installed; this policy says no for the time being. */
async function withoutServices(work: () => Promise<void>): Promise<void> {
  let ours = true;
  try {
    Deno.writeTextFileSync(POLICY, "#!/bin/sh\nexit 101\n", { createNew: true, mode: 0o755 });
  } catch {
    ours = false; // the system has a policy of its own
  }
  try {
    await work();
  } finally {
    if (ours) Deno.removeSync(POLICY);
  }
}

function advice(programs: string[]): string {
  return [
    `Cannot find ${programs.join(", ")} on PATH: to be installed first, as by`,
    `  Debian, Ubuntu  apt-get install ${programs.map((name) => DEBIAN[name] ?? name).join(" ")}`,
    `  Fedora          dnf install redis curl openssl python3`,
    `  macOS           brew install redis curl openssl python3`,
  ].join("\n");
}
