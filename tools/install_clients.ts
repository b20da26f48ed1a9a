// Brings the Redis clients of other languages that the tests drive, where this may be done: as root
// on a Debian-like system. Where it may not or cannot, their tests are left out, and say so.
import { type Client, SYSTEM_CLIENTS, versionOf } from "../tests/e2e/clients/catalogue.ts";
import { main, say } from "./command.ts";
import { installDebian, isOnPath, mayInstall } from "./install_redis.ts";

/** Installs the clients that are missing, all at once; never fails. */
export async function ensureClients(): Promise<void> {
  const missing = await missingClients();
  if (missing.length === 0 || !mayInstall()) return;
  try {
    await installDebian(packagesOf(missing));
  } catch (error) {
    say(`without ${missing.map(({ name }) => name).join(", ")}: ${error}`);
  }
}

async function missingClients(): Promise<Client[]> {
  const versions = await Promise.all(SYSTEM_CLIENTS.map(versionOf));
  return SYSTEM_CLIENTS.filter((_, index) => versions[index] === null);
}

/** The smallest C compiler there is comes along where there is none. */
function packagesOf(clients: Client[]): string[] {
  const packages = clients.flatMap(({ debian }) => debian);
  return packages.includes("libhiredis-dev") && !isOnPath("cc") ? [...packages, "tcc"] : packages;
}

if (import.meta.main) {
  await main(async () => {
    await ensureClients();
    return 0;
  });
}
