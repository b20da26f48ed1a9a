/**
 * The memory of the process as the system counts it. Source: proc_pid_statm(5), malloc_trim(3).
 *
 * @module
 */
import { readKernelFile } from "./kernel_file.ts";
import { libc } from "./libc.ts";

const PAGE = 4096;

/** Returns the bytes that are the process's own, without files such as its code; 0 if unknown. */
export function ownMemory(): number {
  const [, resident, shared] = (readKernelFile("/proc/self/statm") ?? "").split(" ").map(Number);
  return resident === undefined ? 0 : (resident - shared!) * PAGE;
}

/**
 * Returns freed memory to the system. By itself, the C library keeps freed memory that lies between
 * pieces in use: after a burst, that is most of the memory.
 */
export function trimMemory(): void {
  libc?.malloc_trim?.(0n);
}
