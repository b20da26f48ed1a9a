// PROXY PURGE, its page on the admin port, and the file of warm keys.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { adminPortOf, startProxy } from "../support/proxy.ts";
import { callsOf, curl, figure, redisCli, serving, until } from "../support/serving.ts";

const ADMIN = ["--admin-port", "0"];

Deno.test("PROXY PURGE drops a key, a prefix or all, and the next reads ask Redis", async () => {
  await using it = await serving(["--coherence", "off", "--cache-timeout", "1h"]);
  const keys = ["a:1", "a:2", "b:1"];
  const set = (value: string) => it.ask("MSET", ...keys.flatMap((key) => [key, value]));
  const read = () => redisCli(it.port, "mget", ...keys);
  await set("old");
  assertEquals(await read(), "old\nold\nold\n");
  await set("new");
  assertEquals(await read(), "old\nold\nold\n");
  assertEquals(await redisCli(it.port, "proxy", "purge", "key", "a:1"), "1\n");
  assertEquals(await read(), "new\nold\nold\n");
  assertEquals(await redisCli(it.port, "proxy", "purge", "prefix", "a:"), "2\n");
  assertEquals(await read(), "new\nnew\nold\n");
  assertEquals(await redisCli(it.port, "proxy", "purge", "all"), "3\n");
  assertEquals(await read(), "new\nnew\nnew\n");
  assertEquals(await it.ask("GET", "a:1"), "$3"); // Redis keeps its keys.
  assertEquals(it.proxy.process.stderr.match(/Purged the cache what=\w+ entries=\d/g)!.length, 3);
  for (
    const wrong of [["key"], ["all", "x"], ["some", "x"], ["prefix", "a", "b"], [
      "all",
      "prefix",
      "a",
    ]]
  ) {
    assertMatch(await redisCli(it.port, "proxy", "purge", ...wrong), /^ERR wanted PROXY PURGE/);
  }
  const empty = await redisCli(it.port, "proxy", "purge", "prefix", "");
  assertMatch(empty, /^ERR an empty prefix .*: wanted PROXY PURGE ALL/);
});

Deno.test("PROXY PURGE is refused where clients may only read", async () => {
  await using it = await serving(["--read-only"]);
  assertMatch(await redisCli(it.port, "proxy", "purge", "all"), /^NOPERM /);
  await using guarded = await serving(["--proxy-protocol", "require"]);
  using client = await guarded.connect();
  await client.send("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nPROXY PURGE ALL\r\n");
  assertMatch(await client.until("\r\n"), /^-NOPERM .*protected mode/);
});

Deno.test("the admin port purges on DELETE, needs the password, and refuses pages in browsers", async () => {
  await using redis = await startRedisServer();
  await using proxy = await startProxy(redis.port, ADMIN, { env: { RP_PASSWORD: "secret" } });
  const port = await adminPortOf(proxy);
  const cli = (...words: string[]) =>
    redisCli(proxy.port, "--no-auth-warning", "-a", "secret", ...words);
  const purge = (path: string, ...flags: string[]) =>
    curl(port, path, "-X", "DELETE", "-w", "%{http_code}", ...flags);
  const login = ["-u", ":secret"];
  await redisCli(redis.port, "mset", "a b", "1", "p:1", "1", "p:2", "1", "last", "1");
  await cli("mget", "a b", "p:1", "p:2", "last");
  assertMatch(await purge("/cache?all"), /401$/);
  assertMatch(await purge("/cache?all", ...login, "-H", "Origin: http://evil.example"), /403$/);
  assertEquals(await purge("/cache/a%20b", ...login), '{"entries":1}\n200');
  assertEquals(await purge("/cache?prefix=p%3A", ...login), '{"entries":2}\n200');
  assertEquals(await purge("/cache?all", ...login), '{"entries":1}\n200');
  assertEquals(await purge("/cache/none", ...login), '{"entries":0}\n200');
  assertMatch(await purge("/cache", ...login), /400$/);
  assertMatch(await purge("/metrics", ...login), /400$/);
});

Deno.test("after a restart with --warm-file, the keys that were hot are hits", async () => {
  await using redis = await startRedisServer();
  const folder = await Deno.makeTempDir();
  const args = [...ADMIN, "--warm-file", `${folder}/warm`];
  const keys = Array.from({ length: 300 }, (_, index) => `key:${index}`);
  await redisCli(redis.port, "mset", ...keys.flatMap((key) => [key, "secret value"]));
  {
    await using proxy = await startProxy(redis.port, args);
    await redisCli(proxy.port, "mget", ...keys);
    assertEquals(await proxy.process.stop(), 0);
    assertMatch(proxy.process.stderr, /Saved the names of cached keys keys=300/);
  }
  const text = await Deno.readTextFile(`${folder}/warm`);
  assert(text.includes("key:299") && !text.includes("secret value"));
  await using proxy = await startProxy(redis.port, args);
  await proxy.process.logged(/Warmed up keys=300 of=300/);
  assertEquals(await curl(await adminPortOf(proxy), "/readyz"), "ready\n");
  await redisCli(redis.port, "config", "resetstat");
  await redisCli(proxy.port, "mget", ...keys);
  assertEquals([await figure(proxy.port, "cache_hits"), await figure(proxy.port, "cache_misses")], [
    300,
    0,
  ]);
  assertEquals(await callsOf(redis.port, "get"), 0);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a proxy that warms up says so in /readyz, and serves meanwhile", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/warm`;
  const keys = Array.from({ length: 5000 }, (_, index) => JSON.stringify(`key:${index}`));
  const head = "redis-proxy: keys that were in the cache, version 1";
  await Deno.writeTextFile(path, [head, ...keys, "5000", ""].join("\n"));
  await using redis = await startRedisServer();
  await using proxy = await startProxy(redis.port, [...ADMIN, "--warm-file", path]);
  const port = await adminPortOf(proxy);
  assertMatch(
    await curl(port, "/readyz", "-w", "%{http_code}"),
    /^warming up: \d+ of 5000 keys\n503$/,
  );
  assertEquals(await redisCli(proxy.port, "get", "other"), "\n");
  await until(async () => await curl(port, "/readyz") === "ready\n");
  await Deno.remove(folder, { recursive: true });
});
