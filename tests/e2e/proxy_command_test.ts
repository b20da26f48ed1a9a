import { assert, assertEquals, assertMatch } from "@std/assert";
import { RawClient, request } from "../support/client.ts";
import { callsOf, curl, redisCli, serving, until } from "../support/serving.ts";

Deno.test("PROXY EXPLAIN shows redis-cli what is cached of a key", async () => {
  await using it = await serving();
  await it.ask("SET", "key", "value");
  assertMatch(await redisCli(it.port, "proxy", "explain", "key"), /^cached\nno\n/);
  await redisCli(it.port, "get", "key");
  const text = await redisCli(it.port, "proxy", "explain", "key");
  assertMatch(text, /^cached\nyes\nvalue\nstring\nsize\n5\nage\n\d+\n/);
  assertMatch(text, /\nlast-miss\nnever kept\npolicy\n\*\nchannel\ntracked\nepoch\n1\n/);
  assertMatch(await redisCli(it.port, "info", "coherence"), /^coherence:tracked\r?$/m);
});

Deno.test("with PROXY FRESHNESS fenced or forced, a read always sees the write before it", async () => {
  await using it = await serving();
  using writer = await RawClient.connect(it.redis.port);
  for (const word of ["fenced", "forced"]) {
    using reader = await it.connect();
    assertEquals(await reader.exchange(request("PROXY", "FRESHNESS", word), 5), "+OK\r\n");
    for (let version = 100; version < 400; version++) {
      const value = `$3\r\n${version}\r\n`;
      assertEquals(await writer.exchange(request("SET", "key", `${version}`), 5), "+OK\r\n");
      assertEquals(await reader.exchange(request("GET", "key"), 9), value);
      assertEquals(
        await reader.exchange(request("MGET", "key", "key"), 22),
        `*2\r\n${value}${value}`,
      );
    }
    const before = await callsOf(it.redis.port, "get");
    for (let time = 0; time < 10; time++) await reader.exchange(request("GET", "key"), 9);
    const reads = await callsOf(it.redis.port, "get") - before;
    assertEquals(reads, word === "fenced" ? 0 : 10);
  }
});

Deno.test("PROXY FRESHNESS applies to its connection, and RESET restores the default", async () => {
  await using it = await serving();
  using client = await it.connect();
  await client.exchange(request("PROXY", "FRESHNESS", "FORCED"), 5);
  assertEquals(await client.exchange(request("PROXY", "FRESHNESS"), 12), "$6\r\nforced\r\n");
  await client.exchange(request("RESET"), 8);
  assertEquals(await client.exchange(request("PROXY", "FRESHNESS"), 12), "$6\r\ncached\r\n");
  await client.send(request("PROXY", "FRESHNESS", "perfect"));
  assertMatch(await client.until("\r\n"), /^-ERR wanted PROXY FRESHNESS with one of cached, /);
});

Deno.test("with PROXY FRESHNESS stale, values are served while Redis is away, if allowed", async () => {
  await using it = await serving(["--stale-if-error", "60"]);
  await it.ask("SET", "key", "value");
  assertEquals(await redisCli(it.port, "get", "key"), "value\n");
  await it.redis.stop();
  await until(() => it.proxy.process.stderr.includes("No connection to Redis"));
  using client = await it.connect();
  await client.send(request("GET", "key"));
  assertMatch(await client.until("\r\n"), /^-ORIGINDOWN /);
  await client.exchange(request("PROXY", "FRESHNESS", "stale"), 5);
  assertEquals(await client.exchange(request("GET", "key"), 11), "$5\r\nvalue\r\n");
  const asked = performance.now();
  await client.send(request("GET", "other"));
  assertMatch(await client.until("\r\n"), /^-ORIGINDOWN /);
  assert(performance.now() - asked < 500);
});

Deno.test("with --stale-if-error, HTTP serves stale values while Redis is away, and marks them", async () => {
  await using it = await serving(["--stale-if-error", "60"]);
  await it.ask("SET", "key", "value");
  assertEquals(await curl(it.port, "/key"), "value");
  await it.redis.stop();
  await until(() => it.proxy.process.stderr.includes("No connection to Redis"));
  const text = await curl(it.port, "/key", "-i");
  assertMatch(text, /^HTTP\/1\.1 200 /);
  assertMatch(text, /^Cache-Status: redis-proxy; hit; ttl=-\d+\r$/im);
  assert(text.endsWith("\r\n\r\nvalue"), text);
  const asked = performance.now();
  assertMatch(await curl(it.port, "/other", "-i"), /^HTTP\/1\.1 503 /);
  assert(performance.now() - asked < 500);
});
