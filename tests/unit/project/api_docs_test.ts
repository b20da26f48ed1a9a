import { assertEquals } from "@std/assert";
import { LINT } from "../../../tools/api_docs.ts";
import { ROOT } from "../../../tools/command.ts";

Deno.test("each public name of the documented modules has a description", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: LINT,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assertEquals([code, said.match(/^error.*\n.*$/gm) ?? []], [0, []]);
});
