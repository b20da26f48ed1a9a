/**
 * Opens the access log, and makes the log of requests.
 *
 * @module
 */
import { ConfigError, type Values } from "../config/mod.ts";
import type { Log } from "../core/log.ts";
import type { Stats } from "../core/stats.ts";
import { LineFile, type LineTarget } from "../insight/line_file.ts";
import { RequestLog } from "../insight/request_log.ts";

/**
 * Opens the file of the access log; null if there is none. Call it while the process may still
 * write files.
 *
 * @throws {ConfigError} If it cannot be opened.
 */
export function openAccessLog({ "access-log": path }: Values): LineTarget | null {
  if (path === null) return null;
  if (path === "stdout") return Deno.stdout;
  try {
    return Deno.openSync(path, { append: true, create: true, mode: 0o640 });
  } catch (error) {
    const why = (error as Error).message;
    throw new ConfigError(
      `Cannot open "${path}" for --access-log: wanted a file to write (${why})`,
    );
  }
}

/** Returns the log of requests; null if neither --access-log nor --slow-log is set. */
export function makeRequestLog(
  { "slow-log": slow }: Values,
  target: LineTarget | null,
  stats: Stats,
  log: Log,
): RequestLog | null {
  if (target === null && slow === null) return null;
  const file = target === null ? null : new LineFile(target, log);
  return new RequestLog({ file, slow: slow ?? Infinity }, stats, log);
}
