// Tries to break out of the permissions that a running proxy has left.
import { assertEquals } from "@std/assert";
import { ROOT } from "../../../tools/command.ts";
import { PERMISSIONS } from "../../../tools/permissions.ts";

/** What code in the process might do, if an attacker could run some. Each must fail. */
const ATTEMPTS: Record<string, string> = {
  "start a program": `new Deno.Command("id").outputSync()`,
  "start a program by Node's API": `(await import("node:child_process")).execSync("id")`,
  "write a file": `Deno.writeTextFileSync(TARGET, "x")`,
  "write a file by Node's API": `(await import("node:fs")).writeFileSync(TARGET, "x")`,
  "make a folder": `Deno.mkdirSync(TARGET)`,
  "make a link": `Deno.symlinkSync("/etc/passwd", TARGET)`,
  "remove a file": `Deno.removeSync(VICTIM)`,
  "change the rights of a file": `Deno.chmodSync(VICTIM, 0o777)`,
  "rename a file": `Deno.renameSync(VICTIM, TARGET)`,
  "write to an open path of the process": `Deno.writeTextFileSync("/proc/self/oom_score_adj", "0")`,
  "read the environment": `if (Deno.env.get("SECRET") !== "x") throw new Error("hidden")`,
  "read the environment by Node's API":
    `if ((await import("node:process")).default.env.SECRET !== "x") throw new Error("hidden")`,
  "read the environment from the kernel": `Deno.readTextFileSync("/proc/self/environ")`,
  "read another process": `Deno.readTextFileSync("/proc/1/environ")`,
  "read the memory of the process": `Deno.openSync("/proc/self/mem").readSync(new Uint8Array(1))`,
  "load native code": `Deno.dlopen("libc.so.6", {})`,
  "load a native module": `process.dlopen({ exports: {} }, "/lib/x86_64-linux-gnu/libc.so.6")`,
  "read memory by its address": `Deno.UnsafePointer.create(1n)`,
  "end another process": `Deno.kill(1, "SIGCONT")`,
  "know the name of the machine": `Deno.hostname()`,
  "know the users of the machine": `(await import("node:os")).userInfo()`,
  "get a permission back":
    `if ((await Deno.permissions.request({ name: "run" })).state !== "granted") throw new Error("denied")`,
};

async function broken(): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/victim`, "");
  const tries = Object.entries(ATTEMPTS).map(([name, code]) =>
    `try { ${code}; console.log(${JSON.stringify(name)}); } catch {}`
  );
  const script = `
    import "./src/system/give_up.ts";
    import process from "node:process";
    import { dropPermissions } from "./src/app/permissions.ts";
    import { parseConfig } from "./src/config/mod.ts";
    dropPermissions(parseConfig([], {}, () => ""));
    const TARGET = ${JSON.stringify(`${folder}/target`)};
    const VICTIM = ${JSON.stringify(`${folder}/victim`)};
    void process;
    ${tries.join("\n")}
    // What the proxy needs still works: otherwise the attempts prove nothing.
    Deno.readTextFileSync(VICTIM);
    Deno.listen({ port: 0, hostname: "127.0.0.1" }).close();
    console.log("reached the end");
    Deno.exit(0);`;
  const file = `${ROOT}/.break-out-${crypto.randomUUID()}.ts`;
  try {
    await Deno.writeTextFile(file, script);
    const imports = `--import-map=${ROOT}/tools/npm_imports.json`;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--no-lock", imports, ...PERMISSIONS, file],
      env: { SECRET: "x" },
    }).output();
    const said = new TextDecoder().decode(stdout).trim().split("\n");
    if (said.pop() !== "reached the end") throw new Error(new TextDecoder().decode(stderr));
    return said;
  } finally {
    await Deno.remove(file);
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("code in a running proxy cannot start programs, write files, read secrets or load native code", async () => {
  assertEquals(await broken(), []);
});
