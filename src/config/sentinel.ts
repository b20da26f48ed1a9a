/**
 * Reads from the settings which sentinels to ask, and as whom.
 *
 * @module
 */
import type { OriginAddress } from "../origin/address.ts";
import { ConfigError } from "./error.ts";
import type { ReadFile } from "./files.ts";
import { readPassword } from "./password.ts";
import type { Places } from "./places.ts";
import type { Values } from "./settings.ts";

/** Sentinels, and the master that they know. */
export interface SentinelConfig {
  /** The name of the master. */
  readonly master: string;
  /** The sentinels, each with its own user and password. */
  readonly sentinels: readonly OriginAddress[];
}

/** Settings that have an effect only with sentinels. */
const FLAGS = ["sentinel-user", "sentinel-password", "sentinel-password-file"] as const;

/**
 * Returns the sentinels; null if Redis itself is named.
 *
 * @param origin The master without its place. The sentinels use the same TLS.
 * @throws {ConfigError} When settings contradict each other, or the file cannot be used.
 */
export function sentinelOf(
  values: Values,
  origin: OriginAddress,
  places: Places,
  readFile: ReadFile,
): SentinelConfig | null {
  const named = origin.host === "" ? values["redis-url"]?.sentinel ?? null : null;
  if (named === null) {
    const flag = FLAGS.find((flag) => values[flag] !== null);
    if (flag === undefined) return null;
    throw new ConfigError(
      `Cannot use ${places.of(flag)} without sentinels: wanted --redis-url redis+sentinel://...`,
    );
  }
  const password = passwordOf(values, places, readFile);
  const username = values["sentinel-user"];
  const common = { socket: null, tls: origin.tls, username, password, database: 0 };
  const sentinels = named.sentinels.map((place) => ({ ...common, ...place }));
  return { master: named.master, sentinels };
}

function passwordOf(values: Values, places: Places, readFile: ReadFile): string | null {
  const { "sentinel-password": password, "sentinel-password-file": path } = values;
  if (path === null) return password;
  if (password !== null) {
    throw new ConfigError(
      `Cannot use RP_SENTINEL_PASSWORD together with ${places.of("sentinel-password-file")}: ` +
        "wanted one of the two",
    );
  }
  return readPassword(places.of("sentinel-password-file"), path, readFile);
}
