/**
 * Fits the defaults to the memory that the process may have. If it used more, the kernel would kill
 * it without a message.
 *
 * @module
 */
import type { Config, Values } from "../config/mod.ts";
import type { Log } from "../core/log.ts";

const MB = 1024 * 1024;

/**
 * The memory of the process before it holds anything for clients, in bytes: code, libraries, heap.
 */
const BASE = 88 * MB;

/** The minimum to assume for everything else, in bytes, however low the limit is. */
const LEAST = 16 * MB;

/** The memory of a connected client, in bytes, if it is mostly idle. */
const CLIENT = 12 * 1024;

/**
 * The share of that memory that each setting may use by default, and the bytes of one unit of it.
 */
const SHARES: readonly (readonly [flag: Sized, share: number, unit: number])[] = [
  ["cache-memory", 1 / 4, 1],
  ["reply-memory", 1 / 8, 1],
  ["large-memory", 1 / 4, 1],
  ["max-request", 1 / 8, 1],
  ["max-clients", 1 / 4, CLIENT],
];

type Sized = "cache-memory" | "reply-memory" | "large-memory" | "max-request" | "max-clients";

/** Returns the defaults that must be lower, so that all of them fit a limit in bytes. */
export function fittedDefaults(
  { values, given }: Config,
  limit: number | null,
): Partial<Record<Sized, number>> {
  const changed: Partial<Record<Sized, number>> = {};
  if (limit === null) return changed;
  const room = Math.max(limit - BASE, LEAST);
  for (const [flag, share, unit] of SHARES) {
    const most = Math.floor(room * share / unit);
    if (values[flag] > most && !given.has(flag)) changed[flag] = most;
  }
  return changed;
}

/** Returns the bytes that a process with these settings may need. */
export function neededMemory(values: Values): number {
  return BASE + SHARES.reduce((sum, [flag, , unit]) => sum + values[flag] * unit, 0);
}

/**
 * Returns a configuration whose defaults fit a limit. Settings that were given stay as they are. One
 * line of the log says what has changed.
 *
 * @param limit Bytes that the process may have; null for no limit.
 */
export function fitMemory(config: Config, limit: number | null, log: Log): Config {
  if (limit === null) return config;
  const changed = fittedDefaults(config, limit);
  const values = { ...config.values, ...changed };
  const needed = neededMemory(values);
  if (Object.keys(changed).length > 0) {
    log.info("Fitted the defaults to the memory limit", { "memory-limit": limit, ...changed });
  }
  if (isTooMuch(needed, limit)) {
    log.warn("The settings may need more memory than the limit", { "memory-limit": limit, needed });
  }
  return { ...config, values };
}

/** Whether settings that need this many bytes may exceed a limit. */
export function isTooMuch(needed: number, limit: number): boolean {
  return limit < BASE || needed > Math.max(limit, BASE + LEAST);
}
