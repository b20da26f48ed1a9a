/**
 * How many clients fit the limit on open files. The rest is kept for what must go on when that many
 * are there: connections to Redis, the admin port, clients that are turned away, and files.
 *
 * @module
 */
import { ConfigError } from "../config/mod.ts";

/** Clients that are turned away at the same time, each with an answer. */
export const REFUSALS = 16;

/** A pair of connections to Redis, the pair that replaces it, and name lookups. */
const ORIGIN = 8;

/** Files that are read again on SIGHUP, and what Deno opens for itself. */
const FILES = 8;

/** The descriptors of a process. */
export interface Descriptors {
  /** The limit; Infinity for none, null where it is not known. */
  readonly limit: number | null;
  /** How many are open before the first client comes. */
  readonly inUse: number;
  /** How many the admin port may take. */
  readonly admin: number;
}

/**
 * Returns how many clients may be connected at once.
 *
 * @param wanted How many the settings allow.
 * @throws {ConfigError} When there is room for none.
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
