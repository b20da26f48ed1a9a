/**
 * The number of clients that fit the limit of open files. The rest is a reserve: for connections to
 * Redis, the admin port, clients being refused, and files.
 *
 * @module
 */
import { ConfigError } from "../config/mod.ts";

/** Clients that are refused at the same time, each with an answer. */
export const REFUSALS = 16;

/** A pair of connections to Redis, the pair that replaces it, and name lookups. */
const ORIGIN = 8;

/** Files that SIGHUP reads again, and files that Deno opens itself. */
const FILES = 8;

/** The descriptors of a process. */
export interface Descriptors {
  /** The limit; Infinity for none, null if unknown. */
  readonly limit: number | null;
  /** How many are open before the first client. */
  readonly inUse: number;
  /** How many the admin port may use. */
  readonly admin: number;
}

/**
 * Returns how many clients may be connected at once.
 *
 * @param wanted How many the settings allow.
 * @throws {ConfigError} If there is no room for a client.
 */
export function clientsThatFit(wanted: number, { limit, inUse, admin }: Descriptors): number {
  if (limit === null) return wanted;
  const reserve = inUse + REFUSALS + ORIGIN + FILES + admin;
  if (limit > reserve) return Math.min(wanted, limit - reserve);
  throw new ConfigError(
    `Cannot serve clients with a limit of ${limit} open files: wanted at least ${
      reserve + 1
    } (ulimit -n)`,
  );
}
