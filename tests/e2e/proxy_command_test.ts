import { assert, assertEquals, assertMatch } from "@std/assert";
import { RawClient, request } from "../support/client.ts";
import { adminPortOf } from "../support/proxy.ts";
import { callsOf, curl, redisCli, type Serving, serving, until } from "../support/serving.ts";

Deno.test("PROXY EXPLAIN shows redis-cli what is cached of a key", async () => {
  await using it = await serving();
  await it.ask("SET", "key", "value");
  assertMatch(await redisCli(it.port, "proxy", "explain", "key"), /^cached\nno\n/);
  await redisCli(it.port, "get", "key");
  const text = await redisCli(it.port, "proxy", "explain", "key");
  assertMatch(text, /^cached\nyes\nvalue\nstring\nsize\n5\nage\n\d+\n/);
  assertMatch(
    text,
    /\nlast-miss\nnever kept\npolicy\n\*\nchannel\ntracked\ntracking\ninline\nredis\nredis:\/\/[\d.:]+\/0\nepoch\n1\n/,
  );
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
    const before = await callsOf(it.redis.port, "getrange");
    for (let time = 0; time < 10; time++) await reader.exchange(request("GET", "key"), 9);
    const reads = await callsOf(it.redis.port, "getrange") - before;
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

/** A proxy that has read the key, and whose Redis has gone. */
async function orphaned(...flags: string[]): Promise<Serving> {
  const it = await serving(["--stale-if-error", "60", "--admin-port", "0", ...flags]);
  await it.ask("SET", "key", "value");
  assertEquals(await redisCli(it.port, "get", "key"), "value\n");
  await it.redis.stop();
  await until(() => it.proxy.process.stderr.includes("No connection to Redis"));
  return it;
}

async function readiness(it: Serving): Promise<string> {
  return await curl(await adminPortOf(it.proxy), "/readyz");
}

Deno.test("with --stale-if-error, RESP clients get stale values while Redis is away, and the proxy is ready", async () => {
  await using it = await orphaned();
  using client = await it.connect();
  assertEquals(await client.exchange(request("PROXY", "FRESHNESS"), 11), "$5\r\nstale\r\n");
  assertEquals(await client.exchange(request("GET", "key"), 11), "$5\r\nvalue\r\n");
  assertEquals(
    await client.exchange(request("MGET", "key", "key"), 26),
    "*2\r\n" + "$5\r\nvalue\r\n".repeat(2),
  );
  assertEquals(await client.exchange(request("STRLEN", "key"), 4), ":5\r\n");
  assertEquals(await readiness(it), "ready\n");
  await client.exchange(request("PROXY", "FRESHNESS", "cached"), 5);
  await client.send(request("GET", "key"));
  assertMatch(await client.until("\r\n"), /^-ORIGINDOWN /);
  await client.exchange(request("RESET"), 8);
  assertEquals(await client.exchange(request("GET", "key"), 11), "$5\r\nvalue\r\n");
});

Deno.test("stale values that are too old are not served, and the proxy is not ready", async () => {
  await using it = await orphaned("--stale-if-error", "1", "--cache-timeout", "1");
  assertEquals(await redisCli(it.port, "get", "key"), "value\n");
  assertEquals(await readiness(it), "ready\n");
  await until(async () => (await redisCli(it.port, "get", "key")).startsWith("ORIGINDOWN"));
  await until(async () => /; no cached value may be served\n$/.test(await readiness(it)));
});

Deno.test("with --coherence off, the proxy is ready as long as values are fresh", async () => {
  const flags = ["--stale-if-error", "0", "--coherence", "off", "--cache-timeout", "1"];
  await using it = await orphaned(...flags);
  assertEquals(await redisCli(it.port, "get", "key"), "value\n");
  assertEquals(await readiness(it), "ready\n");
  await until(async () => (await redisCli(it.port, "get", "key")).startsWith("ORIGINDOWN"));
  await until(async () => /; no cached value may be served\n$/.test(await readiness(it)));
});

Deno.test("with --resp-freshness cached, RESP clients get stale values if they ask for them", async () => {
  await using it = await orphaned("--resp-freshness", "cached");
  assertMatch(await readiness(it), /; no cached value may be served\n$/);
  assertEquals(await curl(it.port, "/key"), "value");
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
