// Installs the Redis clients of other languages that the tests drive. This needs root on a Debian-like
// system; otherwise the tests of missing clients are skipped, and say so.
import { type Client, SYSTEM_CLIENTS, versionOf } from "../tests/e2e/clients/catalogue.ts";
import { main, say } from "./command.ts";
import { installDebian, isOnPath, mayInstall } from "./install_redis.ts";

/** Installs all missing clients at once. Never fails. */
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

/** Adds a small C compiler if there is none. */
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
