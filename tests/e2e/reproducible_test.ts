// The same sources make the same executable: in another folder, at another time.
import { assertEquals } from "@std/assert";
import { ROOT } from "../support/proxy.ts";
import { run } from "../support/serving.ts";

Deno.test("a second build in another folder and time zone gives the same executable, byte by byte", async () => {
  if (Deno.env.has("RP_TEST_COMMAND")) return; // There the sources are tested.
  const folder = await Deno.makeTempDir({ prefix: "redis-proxy-second-build-" });
  try {
    for (const name of ["main.ts", "deno.json", "deno.lock", "src", "tools"]) {
      assertEquals((await run("cp", ["-r", `${ROOT}${name}`, folder])).code, 0);
    }
    const { code, stdout, stderr } = await run("env", [
      ...["TZ=Asia/Tokyo", Deno.execPath(), "run", "-A", `${folder}/tools/build.ts`],
    ]);
    assertEquals(code, 0, stdout + stderr);
    const files = [`${ROOT}dist/redis-proxy`, `${folder}/dist/redis-proxy`];
    assertEquals(await run("cmp", files), { code: 0, stdout: "", stderr: "" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
