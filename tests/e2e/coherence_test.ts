import { assert, assertEquals, assertMatch } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { startProxy } from "../support/proxy.ts";
import { Relay } from "../support/relay.ts";
import { ask, callsOf, redisCli, serving, until } from "../support/serving.ts";

const LEASE = 0.6;

/** A Redis, a relay in front of it, and a proxy in front of the relay. */
async function relayed(args: readonly string[] = [], redisArgs: string[] = []) {
  const redis = await startRedisServer({ args: redisArgs });
  const relay = new Relay(() => redis.port);
  const proxy = await startProxy(relay.port, ["--lease", `${LEASE}`, ...args]);
  return {
    redis,
    relay,
    proxy,
    get: (key: string) => redisCli(proxy.port, "get", key),
    ask: (...command: string[]) => ask(redis.port, ...command),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      relay[Symbol.dispose]();
      await redis.stop();
    },
  };
}

Deno.test("a write to Redis is seen at once, although the value is cached", async () => {
  await using it = await serving();
  using client = await it.connect();
  for (let version = 10; version < 60; version++) {
    await it.ask("SET", "key", `${version}`);
    const wanted = `$2\r\n${version}\r\n`;
    await until(async () => await client.exchange(request("GET", "key"), 8) === wanted, 1000);
    const reads = await callsOf(it.redis.port, "get");
    assertEquals(await client.exchange(request("GET", "key").repeat(3), 24), wanted.repeat(3));
    assertEquals(await callsOf(it.redis.port, "get"), reads);
  }
});

Deno.test("a missing key is cached as missing until somebody creates it", async () => {
  await using it = await serving();
  for (let time = 0; time < 3; time++) {
    assertEquals(await redisCli(it.port, "--no-raw", "get", "key"), "(nil)\n");
  }
  assertEquals(await callsOf(it.redis.port, "get"), 1);
  await it.ask("SET", "key", "value");
  await until(async () => await redisCli(it.port, "get", "key") === "value\n", 1000);
});

Deno.test("a key removed by FLUSHALL, RENAME, expiry or eviction is not served any more", async () => {
  await using it = await serving([], ["--hz", "100"]);
  const isGone = (key: string) =>
    until(async () => await redisCli(it.port, "--no-raw", "get", key) === "(nil)\n", 2000);
  for (const key of ["a", "b", "c"]) {
    await it.ask("SET", key, key);
    assertEquals(await redisCli(it.port, "get", key), `${key}\n`);
  }
  await it.ask("RENAME", "a", "d");
  await isGone("a");
  await it.ask("PEXPIRE", "b", "30");
  await isGone("b");
  await it.ask("FLUSHALL");
  await isGone("c");
});

Deno.test("a key is never served after its expiry, even if Redis does not announce it", async () => {
  await using it = await serving();
  await it.ask("CONFIG", "SET", "hz", "1");
  await it.ask("DEBUG", "SET-ACTIVE-EXPIRE", "0");
  const set = performance.now();
  await it.ask("SET", "key", "value", "PX", "200");
  assertEquals(await redisCli(it.port, "get", "key"), "value\n");
  await until(async () => await redisCli(it.port, "get", "key") !== "value\n", 5000);
  assert(performance.now() - set < 2000);
});

Deno.test("keys of any bytes stay distinct, in the cache and in invalidations", async () => {
  await using it = await serving();
  using client = await it.connect();
  using redis = await RawClient.connect(it.redis.port);
  const keys = ["\xfe", "\xff", "\x00", "a,b", "a\r\nb", "\xc3\xa9", "\xc3", ""];
  for (const [index, key] of keys.entries()) {
    assertEquals(await redis.exchange(request("SET", key, `${index}`), 5), "+OK\r\n");
  }
  const all = keys.map((key) => request("GET", key)).join("");
  const answers = () => client.exchange(all, 7 * keys.length);
  const before = keys.map((_, index) => `$1\r\n${index}\r\n`).join("");
  assertEquals(await answers(), before);
  assertEquals(await redis.exchange(request("SET", "\xff", "x"), 5), "+OK\r\n");
  await until(async () => await answers() === before.replace("$1\r\n1", "$1\r\nx"), 1000);
});

Deno.test("an error of Redis reads as GET's own, however the key is read", async () => {
  await using it = await serving();
  await it.ask("LPUSH", "list", "1");
  const message = "WRONGTYPE Operation against a key holding the wrong kind of value\n";
  assertEquals((await redisCli(it.port, "get", "list")).trim(), message.trim());
  assertEquals(await redisCli(it.port, "--no-raw", "mget", "list"), "1) (nil)\n");
  await it.ask("SCRIPT", "FLUSH");
  await it.ask("SET", "key", "value");
  assertEquals(await redisCli(it.port, "get", "key"), "value\n");
});

for (const kind of ["data", "invalidation"] as const) {
  Deno.test(`with a silent ${kind} connection, no answer is older than the lease`, async () => {
    await using it = await relayed();
    await it.ask("SET", "key", "old");
    assertEquals(await it.get("key"), "old\n");
    it.relay.halfOpen(kind);
    it.relay.freeze(kind);
    await it.ask("SET", "key", "new");
    const written = performance.now();
    await until(async () => {
      const asked = performance.now();
      const answer = await it.get("key");
      assert(answer !== "old\n" || asked - written < 1000 * LEASE + 50, `${asked - written} ms`);
      return answer !== "old\n";
    });
    it.relay.heal();
    await until(async () => await it.get("key") === "new\n", 5000);
  });

  Deno.test(`after the ${kind} connection is cut, the next answer is current`, async () => {
    await using it = await relayed();
    await it.ask("SET", "key", "old");
    assertEquals(await it.get("key"), "old\n");
    it.relay.cut(kind);
    await until(() => it.proxy.process.stderr.includes("No connection to Redis"));
    await it.ask("SET", "key", "new");
    assertEquals(await it.get("key"), "new\n");
  });
}

Deno.test("a pair whose connections reached different servers is not used", async () => {
  await using other = await startRedisServer();
  await using redis = await startRedisServer();
  let isAstray = true;
  // The second connection of the first pair reaches the wrong server.
  using relay = new Relay((kind) => {
    const target = isAstray && kind === "invalidation" ? other : redis;
    isAstray &&= kind === "data";
    return target.port;
  });
  await using proxy = await startProxy(relay.port);
  assertMatch(proxy.process.stderr, /reached different servers/);
  await ask(redis.port, "SET", "key", "old");
  assertEquals(await redisCli(proxy.port, "get", "key"), "old\n");
  await ask(redis.port, "SET", "key", "new");
  await until(async () => await redisCli(proxy.port, "get", "key") === "new\n", 1000);
});

Deno.test("while tracking fails without being refused, reads continue and nothing is cached", async () => {
  await using other = await startRedisServer();
  await using redis = await startRedisServer();
  let isAstray = true;
  using relay = new Relay((kind) => isAstray && kind === "invalidation" ? other.port : redis.port);
  await using proxy = await startProxy(relay.port);
  await proxy.process.logged(/Redis does not tell of changes: nothing is kept/);
  for (const value of ["1", "2", "3"]) {
    await ask(redis.port, "SET", "key", value);
    assertEquals(await redisCli(proxy.port, "get", "key"), `${value}\n`);
  }
  isAstray = false;
  await proxy.process.logged(/coherence=tracked/);
  assertEquals(await redisCli(proxy.port, "get", "key"), "3\n");
});

Deno.test("without tracking, because Redis refuses it, values are cached until they expire", async () => {
  await using it = await serving(["--cache-timeout", "0.5"], ["--rename-command", "CLIENT", ""]);
  await it.proxy.process.logged(/Redis does not tell of changes/);
  await it.ask("SET", "key", "old");
  const read = performance.now();
  assertEquals(await redisCli(it.port, "get", "key"), "old\n");
  await it.ask("SET", "key", "new");
  await until(async () => await redisCli(it.port, "get", "key") === "new\n", 2000);
  assert(performance.now() - read > 400);
});

Deno.test("with --coherence required nothing is cached if Redis refuses tracking", async () => {
  await using it = await serving(
    ["--coherence", "required"],
    ["--rename-command", "CLIENT", ""],
  );
  for (const value of ["1", "2", "3"]) {
    await it.ask("SET", "key", value);
    assertEquals(await redisCli(it.port, "get", "key"), `${value}\n`);
  }
});

Deno.test("with --tracking bcast, keys of the prefixes follow Redis, and others stay until they expire", async () => {
  await using it = await serving([
    ...["--tracking", "bcast", "--tracking-prefix", "a:,b:", "--cache-timeout", "2"],
  ]);
  for (const key of ["a:1", "b:1", "c:1"]) {
    await it.ask("SET", key, "old");
    assertEquals(await redisCli(it.port, "get", key), "old\n");
    await it.ask("SET", key, "new");
  }
  for (const key of ["a:1", "b:1"]) {
    await until(async () => await redisCli(it.port, "get", key) === "new\n", 1000);
  }
  assertEquals(await redisCli(it.port, "get", "c:1"), "old\n");
  await until(async () => await redisCli(it.port, "get", "c:1") === "new\n", 5000);
});

Deno.test("rules of --policy change how their keys are cached", async () => {
  await using it = await serving(["--policy", "session:*=off; big:*=max:10"]);
  await it.ask("MSET", "session:1", "s", "big:1", "x".repeat(11), "other", "o");
  for (let time = 0; time < 3; time++) {
    for (const key of ["session:1", "big:1", "other"]) await redisCli(it.port, "get", key);
  }
  assertEquals(await callsOf(it.redis.port, "get"), 3 + 3 + 1);
});
