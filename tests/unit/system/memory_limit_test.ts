import { assertEquals } from "@std/assert";
import { memoryLimit } from "../../../src/system/memory_limit.ts";

const MB = 1024 * 1024;
const UNLIMITED_V1 = "9223372036854771712\n";

/** The limit that the process finds, with files by path. */
function limit(files: Record<string, string>): number | null {
  return memoryLimit((path) => files[path] ?? null);
}

const mount = (root: string, at: string, rest: string) =>
  `30 25 0:26 ${root} ${at} rw shared:1 - ${rest}\n`;
const v2 = (root = "/", at = "/sys/fs/cgroup") => mount(root, at, "cgroup2 cgroup2 rw,nsdelegate");
const v1 = (root = "/", at = "/sys/fs/cgroup/memory") => mount(root, at, "cgroup cgroup rw,memory");
const others = mount("/", "/", "ext4 /dev/vda rw") +
  mount("/", "/sys/fs/cgroup/cpu", "cgroup cgroup rw,cpu");

Deno.test("memoryLimit() is the limit of a container, in either version of control groups", () => {
  assertEquals(
    limit({
      "/proc/self/cgroup": "0::/\n",
      "/proc/self/mountinfo": others + v2(),
      "/sys/fs/cgroup/memory.max": `${128 * MB}\n`,
    }),
    128 * MB,
  );
  // In a container, version 1 gives the path outside it, and mounts only its own group.
  for (const root of ["/docker/abc", "/"]) {
    assertEquals(
      limit({
        "/proc/self/cgroup": "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/\n",
        "/proc/self/mountinfo": others + v1(root),
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": root === "/" ? UNLIMITED_V1 : `${96 * MB}\n`,
        "/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": `${96 * MB}\n`,
      }),
      96 * MB,
    );
  }
});

Deno.test("memoryLimit() is the lowest limit of the groups above", () => {
  const files = {
    "/proc/self/cgroup": "0::/system.slice/redis-proxy.service\n",
    "/proc/self/mountinfo": v2(),
    "/sys/fs/cgroup/system.slice/memory.max": `${200 * MB}\n`,
    "/sys/fs/cgroup/system.slice/redis-proxy.service/memory.max": `${300 * MB}\n`,
  };
  assertEquals(limit(files), 200 * MB);
  const unlimited = { ...files, "/sys/fs/cgroup/system.slice/memory.max": "max\n" };
  assertEquals(limit(unlimited), 300 * MB);
});

Deno.test("memoryLimit() looks at both versions if both are mounted, wherever that is", () => {
  assertEquals(
    limit({
      "/proc/self/cgroup": "4:memory:/a\n0::/b\n",
      "/proc/self/mountinfo": v2("/", "/sys/fs/cgroup/unified") +
        v1("/", "/cgroups/with\\040space"),
      "/cgroups/with space/a/memory.limit_in_bytes": `${64 * MB}\n`,
    }),
    64 * MB,
  );
});

Deno.test("memoryLimit() is null without a limit, and if nothing can be read", () => {
  assertEquals(limit({}), null);
  assertEquals(
    limit({
      "/proc/self/cgroup": "4:memory:/\n0::/../..\n",
      "/proc/self/mountinfo": v2() + v1(),
      "/sys/fs/cgroup/memory.max": "max\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": UNLIMITED_V1,
    }),
    null,
  );
});
