/**
 * How many files and sockets the process may have open, and how many it has.
 * Source: getrlimit(2).
 *
 * @module
 */
import { libc } from "./libc.ts";

const RLIMIT_NOFILE = Deno.build.os === "darwin" ? 8 : 7;

/** What the system returns for no limit: all bits on Linux, all but the first on macOS. */
const UNLIMITED = 2n ** 63n - 1n;

/** Returns the soft limit; Infinity where there is none, null where it is not known. */
export function openFilesLimit(): number | null {
  if (libc === null) return null;
  const limits = new BigUint64Array(2);
  if (libc.getrlimit(RLIMIT_NOFILE, limits) !== 0) return null;
  return limits[0]! >= UNLIMITED ? Infinity : Number(limits[0]);
}

/** Returns how many are open, or a few fewer: a new one gets the lowest number that is free. */
export function openFiles(): number {
  const next = libc?.open(new TextEncoder().encode("/dev/null\0"), 0) ?? -1;
  if (next < 0) return 0;
  libc?.close(next);
  return next;
}
