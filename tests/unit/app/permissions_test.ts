import { assertEquals } from "@std/assert";
import { PERMISSIONS } from "../../../tools/permissions.ts";
import { ROOT } from "../../../tools/command.ts";

/**
 * The permissions that remain after the executable drops those it does not need with these flags.
 */
async function left(...flags: string[]): Promise<string> {
  const script = `
    import "./src/system/give_up.ts";
    import { dropPermissions } from "./src/app/permissions.ts";
    import { parseConfig } from "./src/config/mod.ts";
    dropPermissions(parseConfig(${JSON.stringify(flags)}, {}, () => ""));
    const names = ["net", "read", "write", "env", "run", "sys", "ffi"];
    const mine = names.filter((name) => Deno.permissions.querySync({ name }).state === "granted");
    console.log(mine.join(" "));`;
  const file = await Deno.makeTempFile({ dir: ROOT, prefix: ".permissions-", suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, script);
    const imports = `--import-map=${ROOT}/tools/npm_imports.json`;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--no-lock", imports, ...PERMISSIONS, file],
    }).output();
    return new TextDecoder().decode(stdout).trim() || new TextDecoder().decode(stderr);
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("a running proxy may use the network and read files, and nothing else", async () => {
  assertEquals(await left(), "net read");
});

Deno.test("a proxy that uses a Unix socket may write files too, because Deno requires that", async () => {
  assertEquals(await left("--redis-url", "unix:///run/redis.sock"), "net read write");
});
