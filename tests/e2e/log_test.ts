import { assertEquals, assertMatch } from "@std/assert";
import { serving } from "../support/serving.ts";

Deno.test("clients that send malformed requests again and again do not fill the log, which counts what it left out", async () => {
  await using it = await serving();
  for (let count = 0; count < 100; count++) {
    using client = await it.connect();
    await client.send("*1\r\nnonsense\r\n");
    assertMatch(await client.rest(), /^-ERR Protocol error: /);
  }
  assertEquals(await it.proxy.process.stop(), 0);
  const { stderr } = it.proxy.process;
  assertEquals(stderr.match(/ Protocol error /g)!.length, 10);
  assertMatch(
    stderr,
    / warn {2}Left out repeated lines of="Protocol error" lines=90\n.* Stopped\n$/,
  );
});
