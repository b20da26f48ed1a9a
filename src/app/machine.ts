/**
 * The resources that the process uses, and their limits, for metrics.
 *
 * @module
 */
import type { MachineFacts } from "../admin/mod.ts";
import { memoryLimit } from "../system/memory_limit.ts";
import { openFiles, openFilesLimit } from "../system/open_files.ts";
import { cpuSeconds } from "../system/usage.ts";
import type { LoopLag } from "./loop_lag.ts";

/** Returns a function that reads these figures. It reads the limits only once, now. */
export function machineWatch(lag: LoopLag): () => MachineFacts {
  const limits = { memoryLimit: memoryLimit(), openFilesMax: openFilesLimit() };
  return () => ({
    ...limits,
    cpuSeconds: cpuSeconds(),
    openFiles: openFiles(),
    loopLag: lag.histogram,
  });
}
