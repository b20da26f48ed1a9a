/**
 * Reads a file of the kernel in /proc or /sys.
 *
 * @module
 */
import { libc } from "./libc.ts";

/** The longest file to read, in bytes: the mounts of a machine with many containers fit. */
const LENGTH = 1024 * 1024;

/** Returns the text of a file; null if it cannot be read. */
export function readKernelFile(path: string): string | null {
  if (libc === null || Deno.build.os !== "linux") return null;
  const file = libc.open(new TextEncoder().encode(`${path}\0`), 0);
  if (file < 0) return null;
  const bytes = new Uint8Array(LENGTH);
  let length = 0;
  // The kernel returns these files in pages.
  for (let count = 1; count > 0 && length < LENGTH; length += Math.max(count, 0)) {
    const room = bytes.subarray(length);
    count = Number(libc.read(file, room, BigInt(room.length)));
  }
  libc.close(file);
  return new TextDecoder().decode(bytes.subarray(0, length));
}
