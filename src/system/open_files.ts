/**
 * The limit of open files and sockets of the process, and how many are open.
 * Source: getrlimit(2).
 *
 * @module
 */
import { libc } from "./libc.ts";

const RLIMIT_NOFILE = Deno.build.os === "darwin" ? 8 : 7;

/** The system's value for no limit: all bits on Linux, all but the first on macOS. */
const UNLIMITED = 2n ** 63n - 1n;

/** Returns the soft limit; Infinity if there is none, null if unknown. */
export function openFilesLimit(): number | null {
  if (libc === null) return null;
  const limits = new BigUint64Array(2);
  if (libc.getrlimit(RLIMIT_NOFILE, limits) !== 0) return null;
  return limits[0]! >= UNLIMITED ? Infinity : Number(limits[0]);
}

/** Returns how many are open, or slightly fewer: a new one gets the lowest free number. */
export function openFiles(): number {
  const next = libc?.open(new TextEncoder().encode("/dev/null\0"), 0) ?? -1;
  if (next < 0) return 0;
  libc?.close(next);
  return next;
}
