import { assert, assertEquals } from "@std/assert";
import { openFiles, openFilesLimit } from "../../../src/system/open_files.ts";
import { ownMemory, trimMemory } from "../../../src/system/own_memory.ts";
import { readKernelFile } from "../../../src/system/kernel_file.ts";
import { ROOT } from "../../../tools/command.ts";

const isLinux = Deno.build.os === "linux";

/** Runs a script with a limit on open files, and returns what it prints. */
async function run(script: string, limit: string, ...flags: string[]): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, script);
  const deno = [Deno.execPath(), "run", "--no-config", "--no-prompt", "--no-check", ...flags, file];
  const child = new Deno.Command("sh", {
    args: ["-c", `ulimit -n ${limit}; exec "$@"`, "sh", ...deno],
    stderr: "inherit",
  });
  const { stdout } = await child.output();
  await Deno.remove(file);
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("openFilesLimit() is the limit that the process got", async () => {
  const script = `import { openFilesLimit } from "${ROOT}/src/system/open_files.ts";
    console.log(openFilesLimit());`;
  assertEquals(await run(script, "321", "--allow-ffi"), "321");
  assertEquals(await run(script, "1024", "--allow-ffi"), "1024");
  assertEquals(await run(script, "1024"), "null");
});

Deno.test("openFiles() grows with the number of open files", () => {
  const before = openFiles();
  assert(before > 2, `${before}`);
  const files = Array.from({ length: 20 }, () => Deno.openSync("/dev/null"));
  assert(openFiles() >= 23);
  for (const file of files) file.close();
  assertEquals(openFiles(), before);
  assert(openFilesLimit()! > before);
});

Deno.test(
  { name: "readKernelFile() reads whole files that Deno does not read", ignore: !isLinux },
  async () => {
    assertEquals(readKernelFile("/proc/self/limits")!.includes("Max open files"), true);
    const path = "/proc/self/mountinfo";
    const { stdout } = await new Deno.Command("cat", { args: [path] }).output();
    assertEquals(readKernelFile(path), new TextDecoder().decode(stdout));
    assertEquals(readKernelFile("/proc/no-such-file"), null);
  },
);

Deno.test("the permission to call native code is gone before other modules run", async () => {
  const script = `import "${ROOT}/src/system/give_up.ts";
    import { libc } from "${ROOT}/src/system/libc.ts";
    console.log(libc !== null, Deno.permissions.querySync({ name: "ffi" }).state);`;
  assertEquals(await run(script, "256", "--allow-ffi"), "true prompt");
  const [first] = /^import .*$/m.exec(await Deno.readTextFile(`${ROOT}/main.ts`))!;
  assertEquals(first, 'import "./src/system/give_up.ts";');
});

Deno.test({
  name: "ownMemory() grows with memory in use, and trimMemory() gives back what was freed",
  ignore: !isLinux,
}, () => {
  const MB = 1024 * 1024;
  const before = ownMemory();
  assert(before > 5 * MB && before < 2000 * MB, `${before}`);
  const buffer = new Uint8Array(50 * MB).fill(1);
  assert(ownMemory() - before > 40 * MB);
  assertEquals(buffer.at(-1), 1);
  trimMemory();
});
