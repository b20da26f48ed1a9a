// Installs the Redis clients and programs of other languages that the tests drive, twemproxy, which
// they put before a Redis, and what runs around the proxy in production. This needs root on a
// Debian-like system; otherwise the tests skip what is missing.
import { type Client, SYSTEM_CLIENTS, versionOf } from "../tests/e2e/clients/catalogue.ts";
import { isInstalled, SYSTEM_PROGRAMS } from "../tests/e2e/packages/catalogue.ts";
import { main, say } from "./command.ts";
import { installDebian, isOnPath, mayInstall } from "./install_redis.ts";

/** The program of twemproxy, and its package in Debian. */
const TWEMPROXY = "nutcracker";

/** Programs that run around the proxy in production, and their packages in Debian. */
const OTHERS = [["promtool", "prometheus"], ["haproxy", "haproxy"], [
  "nginx",
  "nginx-light",
]] as const;

/** Installs everything that is missing, in one step. Never fails. */
export async function ensureClients(): Promise<void> {
  const packages = [
    ...packagesOf(await missingClients()),
    ...await packagesOfPrograms(),
    ...(isOnPath(TWEMPROXY) ? [] : [TWEMPROXY]),
    ...OTHERS.flatMap(([program, debian]) => isOnPath(program) ? [] : [debian]),
  ];
  if (packages.length === 0 || !mayInstall()) return;
  try {
    await installDebian(packages);
  } catch (error) {
    say(`skipped ${packages.join(", ")}: ${error}`);
  }
}

async function missingClients(): Promise<Client[]> {
  const versions = await Promise.all(SYSTEM_CLIENTS.map(versionOf));
  return SYSTEM_CLIENTS.filter((_, index) => versions[index] === null);
}

/** Adds a small C compiler if there is none. */
function packagesOf(clients: Client[]): string[] {
  const packages = clients.flatMap(({ debian }) => debian);
  return packages.includes("libhiredis-dev") && !isOnPath("cc") ? [...packages, "tcc"] : packages;
}

async function packagesOfPrograms(): Promise<string[]> {
  const installed = await Promise.all(SYSTEM_PROGRAMS.map(isInstalled));
  return SYSTEM_PROGRAMS.flatMap(({ debian = [] }, index) => installed[index] ? [] : debian);
}

if (import.meta.main) {
  await main(async () => {
    await ensureClients();
    return 0;
  });
}
