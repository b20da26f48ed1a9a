/**
 * The memory limit of the process: the lowest limit of its control group and of those above it. The
 * kernel kills a process that exceeds it, without a message.
 * Source: cgroups(7), proc_pid_mountinfo(5); memory.max of version 2, memory.limit_in_bytes of 1.
 *
 * @module
 */
import { readKernelFile } from "./kernel_file.ts";

/** A mounted hierarchy of control groups. */
interface Hierarchy {
  /** Where it is mounted. */
  readonly mount: string;
  /** The group that is mounted there: in a container, its own. */
  readonly root: string;
  /** The name of the file with a group's limit. */
  readonly file: string;
}

/** In version 1, no limit means the largest number of whole pages, which is above this. */
const UNLIMITED = 2 ** 60;

/**
 * Returns the limit in bytes; null if there is none, or it cannot be read.
 *
 * @param read Returns the text of a file; null if there is none.
 */
export function memoryLimit(read = readKernelFile): number | null {
  const groups = read("/proc/self/cgroup") ?? "";
  let least = UNLIMITED;
  for (const hierarchy of hierarchiesOf(read("/proc/self/mountinfo") ?? "")) {
    const group = groupIn(hierarchy, groups);
    for (const folder of group === null ? [] : foldersOf(hierarchy, group)) {
      const limit = Number.parseInt(read(`${folder}/${hierarchy.file}`) ?? "", 10);
      if (limit < least) least = limit;
    }
  }
  return least < UNLIMITED ? least : null;
}

/** The hierarchies that limit memory: one of version 1, one of version 2, or both. */
function hierarchiesOf(mounts: string): Hierarchy[] {
  return mounts.split("\n").flatMap((line) => {
    const [, , , root, mount] = line.split(" ").map(decoded);
    const [type, , options] = line.split(" - ")[1]?.split(" ") ?? [];
    if (type === "cgroup2") return [{ mount: mount!, root: root!, file: "memory.max" }];
    const isMemory = type === "cgroup" && options?.split(",").includes("memory");
    return isMemory ? [{ mount: mount!, root: root!, file: "memory.limit_in_bytes" }] : [];
  });
}

/** The process's group in a hierarchy: a line is `number:controllers:path`. */
function groupIn({ file }: Hierarchy, groups: string): string | null {
  const isUnified = file === "memory.max";
  for (const line of groups.split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined) continue;
    if (isUnified ? controllers === "" : controllers.split(",").includes("memory")) return path!;
  }
  return null;
}

/** The folders of a group and of all above it, as far as they are mounted. */
function foldersOf({ mount, root }: Hierarchy, group: string): string[] {
  const base = root === "/" ? "" : root;
  // A container may see only its own group mounted, but get the name that the group has outside.
  const inside = group === base || group.startsWith(`${base}/`) ? group.slice(base.length) : "";
  const names = inside.split("/").filter((name) => name !== "" && name !== "..");
  return Array.from(
    { length: names.length + 1 },
    (_, count) => [mount, ...names.slice(0, count)].join("/"),
  );
}

/** Spaces and the like are written as a backslash and three octal digits. */
function decoded(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)));
}
