/**
 * The number of clients that fit the limit of open files. The rest is a reserve: for connections to
 * Redis, the admin port, clients being refused, and files.
 *
 * @module
 */
import { ConfigError } from "../config/mod.ts";

/** Clients that are refused at the same time, each with an answer. */
export const REFUSALS = 16;

/** The pair of connections to Redis and its successor, those for large values and commands, and DNS. */
const ORIGIN = 16;

/**
 * The share of the descriptors that private connections to Redis get if there are too few for all.
 */
const UPSTREAM_SHARE = 1 / 8;

/** Files that SIGHUP reads again, and files that Deno opens itself. */
const FILES = 8;

/** The descriptors of a process. */
export interface Descriptors {
  /** The limit; Infinity for none, null if unknown. */
  readonly limit: number | null;
  /** How many are in use before the first client connects. */
  readonly inUse: number;
  /** How many the admin port may use. */
  readonly admin: number;
}

/** The allowed numbers of connections. */
export interface Connections {
  readonly clients: number;
  /** Private connections to Redis, each for one client. */
  readonly upstreams: number;
}

/** Returns how many descriptors the proxy keeps for itself. */
export function reservedDescriptors({ inUse, admin }: Descriptors): number {
  return inUse + REFUSALS + ORIGIN + FILES + admin;
}

/**
 * Returns how many connections the limit of open files allows.
 *
 * @param wanted How many the settings allow.
 * @throws {ConfigError} If there is no room for a client.
 */
export function connectionsThatFit(
  wanted: Connections,
  descriptors: Descriptors,
): Connections {
  const { limit } = descriptors;
  const reserve = reservedDescriptors(descriptors);
  const room = limit === null ? Infinity : limit - reserve;
  if (wanted.clients + wanted.upstreams <= room) return wanted;
  const upstreams = Math.min(wanted.upstreams, Math.floor(room * UPSTREAM_SHARE));
  const clients = Math.min(wanted.clients, room - upstreams);
  if (clients > 0) return { clients, upstreams: Math.min(wanted.upstreams, room - clients) };
  throw new ConfigError(
    `Cannot serve clients with a limit of ${limit} open files: wanted at least ${
      reserve + 1
    } (ulimit -n)`,
  );
}
