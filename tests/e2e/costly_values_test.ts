/**
 * Values that cannot be read, because Redis or something in between ends the connection over them.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { startProxy } from "../support/proxy.ts";
import { ask, callsOf, curl, figure, redisCli, until } from "../support/serving.ts";
import { ThinLink } from "../support/thin_link.ts";

const SIZE = 2_000_000;
const SMALL = Array.from({ length: 20 }, (_, at) => `small:${at}`);

async function store(port: number, key: string, length: number): Promise<void> {
  using client = await RawClient.connect(port);
  assertEquals(await client.exchange(request("SET", key, "x".repeat(length)), 5), "+OK\r\n");
}

/** How many connections Redis has accepted so far. */
async function accepted(port: number): Promise<number> {
  using client = await RawClient.connect(port);
  await client.send(request("INFO", "stats") + request("PING"));
  const stats = await client.until("+PONG\r\n");
  return Number(/total_connections_received:(\d+)/.exec(stats)![1]);
}

const CAUSES: Record<string, (port: number) => Promise<string>> = {
  "client-output-buffer-limit": (port) =>
    ask(port, "CONFIG", "SET", "client-output-buffer-limit", "normal 200kb 0 0"),
  "maxmemory-clients": (port) => ask(port, "CONFIG", "SET", "maxmemory-clients", "340000"),
};

/** Reads a value that costs the connection, by many clients and for some time. */
async function tryValue(redisPort: number, relayed: number) {
  await using proxy = await startProxy(relayed);
  const cached = () => redisCli(proxy.port, "mget", ...SMALL);
  const values = await cached();
  const reads = await callsOf(redisPort, "pttl");
  await figure(proxy.port, "origin_connections_lost"); // INFO has a connection of its own.
  const before = await accepted(redisPort);
  const errors = await Promise.all(
    Array.from({ length: 20 }, () => redisCli(proxy.port, "get", "large")),
  );
  for (const error of errors) {
    assertMatch(error, /^ORIGINBROKEN .*2000000 bytes.*client-output-buffer-limit.*maxmemory-/);
  }
  const page = await curl(proxy.port, "/large", "-w", "%{http_code}");
  assertMatch(page, /client-output-buffer-limit/);
  assert(page.endsWith("502"), page);
  // While nobody requests it, the proxy tries nothing.
  const then = await accepted(redisPort);
  assert(then - before <= 4, `${then - before} connections`);
  assertEquals(await cached(), values);
  assertEquals(await callsOf(redisPort, "pttl"), reads + 1, "others are still cached");
  assertEquals(await figure(proxy.port, "origin_connections_lost"), 0);
  // If clients keep requesting it, the proxy tries from time to time.
  const end = performance.now() + 2500;
  while (performance.now() < end) {
    assertMatch(await redisCli(proxy.port, "get", "large"), /^ORIGINBROKEN /);
  }
  const last = await accepted(redisPort);
  assert(last - then <= 4, `${last - then} connections more`);
  assertEquals(await figure(proxy.port, "origin_connections_lost"), 0);
  // A smaller value is readable within a second.
  await ask(redisPort, "SET", "large", "small by now");
  await until(async () => await redisCli(proxy.port, "get", "large") === "small by now\n", 2000);
}

for (const [cause, set] of Object.entries(CAUSES)) {
  Deno.test(`a value that ${cause} forbids is an error that names it, and costs the others nothing`, async () => {
    await using redis = await startRedisServer();
    for (const key of SMALL) await store(redis.port, key, 10);
    await store(redis.port, "large", SIZE);
    assertEquals(await set(redis.port), "+OK");
    await tryValue(redis.port, redis.port);
  });
}

Deno.test("a value on which something in between ends the connection is an error, and costs the others nothing", async () => {
  await using redis = await startRedisServer();
  for (const key of SMALL) await store(redis.port, key, 10);
  await store(redis.port, "large", SIZE);
  using relay = new ThinLink(redis.port, { longest: 100_000 });
  await tryValue(redis.port, relay.port);
});

Deno.test("many values at once that exceed the limit together are all served", async () => {
  await using redis = await startRedisServer();
  const keys = Array.from({ length: 100 }, (_, at) => `medium:${at}`);
  for (const key of keys) await store(redis.port, key, 100_000);
  await ask(redis.port, "CONFIG", "SET", "client-output-buffer-limit", "normal 1mb 0 0");
  await using proxy = await startProxy(redis.port);
  const value = `$100000\r\n${"x".repeat(100_000)}\r\n`;
  await Promise.all(Array.from({ length: 5 }, async (_, round) => {
    using client = await RawClient.connect(proxy.port);
    const mine = keys.slice(20 * round, 20 * round + 20);
    await client.send(mine.map((key) => request("GET", key)).join(""));
    for (const key of mine) assert(await client.text(value.length) === value, key);
  }));
  const lost = await figure(proxy.port, "origin_connections_lost");
  assert(lost <= 1, `${lost} connections`);
});

Deno.test("a value that is larger than what Redis or something in between lets pass at once comes in pieces", async () => {
  await using redis = await startRedisServer();
  await store(redis.port, "large", SIZE);
  await ask(redis.port, "CONFIG", "SET", "client-output-buffer-limit", "normal 1mb 0 0");
  using relay = new ThinLink(redis.port, { longest: 500_000 });
  for (const port of [redis.port, relay.port]) {
    await using proxy = await startProxy(port);
    assertEquals(await redisCli(proxy.port, "strlen", "large"), `${SIZE}\n`);
    assertEquals(await figure(proxy.port, "origin_connections_lost"), 0);
  }
});
