// A Redis that accepts connections but answers nothing, as after SIGSTOP.
import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { startProxy } from "../support/proxy.ts";
import { ask, serving, until } from "../support/serving.ts";

const SILENT = "-ORIGINTIMEOUT Redis does not answer";

/** INFO of a proxy, and how long it took. */
async function info(port: number, ...sections: string[]): Promise<[text: string, ms: number]> {
  const started = performance.now();
  using client = await RawClient.connect(port);
  await client.send(request("INFO", ...sections) + request("PING"));
  const text = await client.until("+PONG\r\n");
  return [text, performance.now() - started];
}

for (const coherence of ["auto", "off"]) {
  Deno.test(`clients of a silent Redis always get the same error, with --coherence ${coherence}`, async () => {
    const flags = ["--coherence", coherence, "--redis-timeout", "0.3", "--lease", "0.6"];
    await using it = await serving(flags);
    assertEquals(await ask(it.port, "SET", "k", "v"), "+OK");
    it.redis.kill("SIGSTOP");
    const said = new Set<string>();
    const frozen = performance.now();
    // First the read waits, then the proxy finds its connections silent, then new ones stay silent.
    while (performance.now() - frozen < 3000) {
      said.add(await ask(it.port, "GET", "k"));
      said.add(await ask(it.port, "WATCH", "k"));
    }
    // A value that was read before may still be there.
    said.delete("$1");
    assertEquals([...said], [SILENT]);
    it.redis.kill("SIGCONT");
    await until(async () => await ask(it.port, "WATCH", "k") === "+OK");
    await until(async () => await ask(it.port, "GET", "other") === "$-1");
  });
}

Deno.test("a proxy that starts with a silent Redis gives reads and writes the same error", async () => {
  await using redis = await startRedisServer();
  redis.kill("SIGSTOP");
  await using proxy = await startProxy(redis.port, ["--redis-timeout", "0.3"], {
    awaitRedis: false,
  });
  for (let round = 0; round < 3; round++) {
    assertEquals(await ask(proxy.port, "GET", "k"), SILENT);
    assertEquals(await ask(proxy.port, "SET", "k", "v"), SILENT);
    assertEquals(await ask(proxy.port, "SUBSCRIBE", "c"), SILENT);
  }
  redis.kill("SIGCONT");
  await until(async () => await ask(proxy.port, "SET", "k", "v") === "+OK");
});

Deno.test("INFO answers within --redis-timeout while Redis is silent, and does not speak for it", async () => {
  await using it = await serving(["--redis-timeout", "0.5"]);
  assertMatch((await info(it.port))[0], /^role:master\r$/m);
  using slow = await it.connect();
  it.redis.kill("SIGSTOP");
  // Requests that wait on the shared connection do not delay INFO.
  await slow.send(request("INCR", "n"));
  for (let round = 0; round < 3; round++) {
    const [text, ms] = await info(it.port);
    assert(ms < 1500, `${ms} ms`);
    assertMatch(text, /^redis_version:7\./m);
    assertMatch(text, /^proxy_clients:\d+\r$/m);
    assertNotMatch(text, /^(role|redis_mode|connected_slaves|cluster_enabled|loading):/m);
  }
  assertEquals((await info(it.port, "replication"))[0], "$0\r\n\r\n+PONG\r\n");
  it.redis.kill("SIGCONT");
  assertEquals(await slow.until("\r\n"), ":1\r\n");
  await until(async () => /^role:master\r$/m.test((await info(it.port))[0]));
});

for (const flags of [[], ["--read-only", "yes"]]) {
  Deno.test(`INFO names no version and no role of a Redis that never answered, ${flags}`, async () => {
    await using redis = await startRedisServer();
    redis.kill("SIGSTOP");
    await using proxy = await startProxy(redis.port, ["--redis-timeout", "0.3", ...flags], {
      awaitRedis: false,
    });
    const [text, ms] = await info(proxy.port);
    assert(ms < 1500, `${ms} ms`);
    assertMatch(text, /^origin_up:0\r$/m);
    assertNotMatch(text, /^(redis_version|role|redis_mode|cluster_enabled):/m);
    redis.kill("SIGCONT");
  });
}
