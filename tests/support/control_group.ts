/**
 * A control group with a memory limit, if the system lets tests make one: as root, with control
 * groups of version 1 or 2.
 *
 * @module
 */
import { run } from "./serving.ts";

export interface MemoryGroup extends AsyncDisposable {
  /** The shell command that enters the group. */
  readonly enter: string;
  /** The peak of the memory in use, in bytes; 0 if unknown. */
  peak(): Promise<number>;
}

/** Makes a group whose processes may have this many bytes; null if that is not possible. */
export async function memoryGroup(limit: number): Promise<MemoryGroup | null> {
  const name = `redis-proxy-${crypto.randomUUID().slice(0, 8)}`;
  for (
    const [root, file, peak] of [
      ["/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes"],
      ["/sys/fs/cgroup", "memory.max", "memory.peak"],
    ] as const
  ) {
    const folder = `${root}/${name}`;
    const make = `mkdir ${folder} && echo ${limit} > ${folder}/${file}`;
    const { code } = await run("sh", ["-c", `test -f ${root}/cgroup.procs && ${make}`]);
    const remove = () => run("sh", ["-c", `rmdir ${folder} 2>/dev/null`]);
    if (code === 0) {
      return {
        enter: `echo $$ > ${folder}/cgroup.procs`,
        peak: async () => Number((await run("sh", ["-c", `cat ${folder}/${peak}`])).stdout),
        [Symbol.asyncDispose]: async () => void await remove(),
      };
    }
    await remove();
  }
  return null;
}
