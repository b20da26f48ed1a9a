// PROXY HOTKEYS and PROXY WHATIF in front of a Redis.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { redisCli, run, serving, until } from "../support/serving.ts";

Deno.test("PROXY HOTKEYS finds the key that clients read most, with its share of hits", async () => {
  await using it = await serving();
  await it.ask("SET", "hot", "x".repeat(100));
  for (let key = 0; key < 20; key++) {
    await redisCli(it.port, "get", `cold${key}`);
    await redisCli(it.port, "get", "hot");
  }
  const { code } = await run("redis-benchmark", [
    ...["-p", `${it.port}`, "-n", "20000", "-P", "16", "-q", "GET", "hot"],
  ]);
  assertEquals(code, 0);
  const lines = (await redisCli(it.port, "proxy", "hotkeys", "3")).split("\n");
  assertEquals(lines.slice(0, 2), ["key", "hot"]);
  assert(Number(lines[lines.indexOf("reads-per-second") + 1]) > 100, lines.join(" "));
  assert(Number(lines[lines.indexOf("bytes-per-second") + 1]) > 10_000, lines.join(" "));
  assert(Number(lines[lines.indexOf("hit-share") + 1]) > 0.9, lines.join(" "));
  const json = JSON.parse(await redisCli(it.port, "-3", "--json", "proxy", "hotkeys"));
  assertEquals(json[0].key, "hot");
  assert(json.length <= 10);
  for (const wrong of ["0", "101", "x", "-1"]) {
    assertMatch(await redisCli(it.port, "proxy", "hotkeys", wrong), /^ERR wanted PROXY HOTKEYS/);
  }
});

Deno.test("PROXY WHATIF tells that a scan which does not fit would fit with twice the room", async () => {
  await using it = await serving(["--cache-size", "1000", "--coherence", "off"]);
  const keys = 1500;
  await it.ask("EVAL", `for i=0,${keys} do redis.call('SET','key:'..i,'v') end`, "0");
  const scan = async () => {
    for (let from = 0; from < keys; from += 100) {
      const names = Array.from({ length: 100 }, (_, index) => `key:${from + index}`);
      await redisCli(it.port, "mget", ...names);
    }
  };
  await until(async () => {
    await scan();
    const found = await redisCli(it.port, "--json", "-3", "proxy", "whatif");
    if (!found.startsWith("{")) return false;
    const { saved, "saved-with-double": double } = JSON.parse(found);
    return Number(saved) < 0.1 && Number(double) > 0.5;
  });
});

Deno.test("PROXY HOTKEYS names no key to a client that may only read", async () => {
  await using it = await serving(["--proxy-protocol", "require"]);
  const connection = await it.connect();
  using client = connection;
  await client.send("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nPROXY HOTKEYS\r\nPROXY WHATIF\r\n");
  assertMatch(await client.until("\r\n"), /^-NOPERM .*protected mode/);
});
