/**
 * The CPU time that the process uses. Source: proc_pid_stat(5).
 *
 * @module
 */
import { readKernelFile } from "./kernel_file.ts";

/** The kernel counts CPU time in hundredths of a second (USER_HZ). */
const TICKS = 100;

/** Returns the CPU time of the process in seconds; null if unknown. */
export function cpuSeconds(stat = readKernelFile("/proc/self/stat")): number | null {
  // The name of the program comes second, in brackets, and may hold spaces and brackets.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields === undefined || fields.length < 13) return null;
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}
