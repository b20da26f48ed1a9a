/**
 * Reads a file of the kernel in /proc or /sys.
 *
 * @module
 */
import { libc } from "./libc.ts";

/** The kernel returns these files in pages of this size, in bytes. */
const PAGE = 4096;

/** Returns the text of a file; null if it cannot be read. */
export function readKernelFile(path: string): string | null {
  if (libc === null || Deno.build.os !== "linux") return null;
  const file = libc.open(new TextEncoder().encode(`${path}\0`), 0);
  if (file < 0) return null;
  const decoder = new TextDecoder();
  const page = new Uint8Array(PAGE);
  let text = "";
  for (let count = 1; count > 0;) {
    count = Number(libc.read(file, page, BigInt(PAGE)));
    if (count > 0) text += decoder.decode(page.subarray(0, count), { stream: true });
  }
  libc.close(file);
  return text + decoder.decode();
}
