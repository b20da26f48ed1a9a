/** What is promised of coherence where nothing fails, over each way in which Redis can tell of changes. */
import { assert, assertEquals } from "@std/assert";
import { RawClient, request } from "../support/client.ts";
import { callsOf, redisCli, serving, until } from "../support/serving.ts";
import { WAYS } from "../support/ways.ts";

for (const { name, args, program } of WAYS) {
  Deno.test(`a write to Redis is seen at once, although the value is cached: ${name}`, async () => {
    await using it = await serving(args, [], program);
    using client = await it.connect();
    for (let version = 10; version < 60; version++) {
      await it.ask("SET", "key", `${version}`);
      const wanted = `$2\r\n${version}\r\n`;
      await until(async () => await client.exchange(request("GET", "key"), 8) === wanted, 1000);
      const reads = await callsOf(it.redis.port, "getrange");
      assertEquals(await client.exchange(request("GET", "key").repeat(3), 24), wanted.repeat(3));
      assertEquals(await callsOf(it.redis.port, "getrange"), reads);
    }
  });

  Deno.test(`a missing key is cached as missing until somebody creates it: ${name}`, async () => {
    await using it = await serving(args, [], program);
    for (let time = 0; time < 3; time++) {
      assertEquals(await redisCli(it.port, "--no-raw", "get", "key"), "(nil)\n");
    }
    assertEquals(await callsOf(it.redis.port, "getrange"), 1);
    await it.ask("SET", "key", "value");
    await until(async () => await redisCli(it.port, "get", "key") === "value\n", 1000);
  });

  Deno.test(`a key removed by FLUSHALL, RENAME, expiry or eviction is not served any more: ${name}`, async () => {
    await using it = await serving(args, ["--hz", "100"], program);
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

  Deno.test(`a key is never served after its expiry, even if Redis does not announce it: ${name}`, async () => {
    await using it = await serving(args, [], program);
    await it.ask("CONFIG", "SET", "hz", "1");
    await it.ask("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    const set = performance.now();
    await it.ask("SET", "key", "value", "PX", "200");
    assertEquals(await redisCli(it.port, "get", "key"), "value\n");
    await until(async () => await redisCli(it.port, "get", "key") !== "value\n", 5000);
    assert(performance.now() - set < 2000);
  });

  Deno.test(`keys of any bytes stay distinct, in the cache and in invalidations: ${name}`, async () => {
    await using it = await serving(args, [], program);
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

  Deno.test(`an error of Redis reads as GET's own, however the key is read: ${name}`, async () => {
    await using it = await serving(args, [], program);
    await it.ask("LPUSH", "list", "1");
    const message = "WRONGTYPE Operation against a key holding the wrong kind of value\n";
    assertEquals((await redisCli(it.port, "get", "list")).trim(), message.trim());
    assertEquals(await redisCli(it.port, "--no-raw", "mget", "list"), "1) (nil)\n");
    await it.ask("SCRIPT", "FLUSH");
    await it.ask("SET", "key", "value");
    assertEquals(await redisCli(it.port, "get", "key"), "value\n");
  });

  Deno.test(`with --tracking bcast, keys of the prefixes follow Redis, and others stay until they expire: ${name}`, async () => {
    await using it = await serving(
      [
        ...args,
        ...["--tracking", "bcast", "--tracking-prefix", "a:,é:", "--cache-timeout", "2"],
      ],
      [],
      program,
    );
    for (const key of ["a:1", "é:1", "c:1"]) {
      await redisCli(it.redis.port, "set", key, "old");
      assertEquals(await redisCli(it.port, "get", key), "old\n");
      await redisCli(it.redis.port, "set", key, "new");
    }
    for (const key of ["a:1", "é:1"]) {
      await until(async () => await redisCli(it.port, "get", key) === "new\n", 1000);
    }
    assertEquals(await redisCli(it.port, "get", "c:1"), "old\n");
    await until(async () => await redisCli(it.port, "get", "c:1") === "new\n", 5000);
  });
}

Deno.test("without tracking, because Redis refuses it, values are cached until they expire", async () => {
  await using it = await serving(["--cache-timeout", "0.5"], ["--rename-command", "CLIENT", ""]);
  await it.proxy.process.logged(/Redis announces no changes/);
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

Deno.test("rules of --policy change how their keys are cached", async () => {
  await using it = await serving(["--policy", "session:*=off; big:*=max:10"]);
  await it.ask("MSET", "session:1", "s", "big:1", "x".repeat(11), "other", "o");
  for (let time = 0; time < 3; time++) {
    for (const key of ["session:1", "big:1", "other"]) await redisCli(it.port, "get", key);
  }
  assertEquals(await callsOf(it.redis.port, "getrange"), 3 + 3 + 1);
});

const SWAP = "return redis.call('SWAP' .. 'DB', 0, 1)";
const LIBRARY = `#!lua name=swaps
redis.register_function('swap', function() return redis.call('SWAPDB', 0, 1) end)`;

for (const { name, args, program } of WAYS) {
  Deno.test(`a database that a script swaps is not read as it was: ${name}`, async () => {
    await using it = await serving(args, [], program);
    const hash = (await redisCli(it.redis.port, "SCRIPT", "LOAD", SWAP)).trim();
    assertEquals(await redisCli(it.port, "FUNCTION", "LOAD", LIBRARY), "swaps\n");
    await it.ask("SET", "k", "a");
    await it.ask("EVAL", "redis.call('SELECT', 1) return redis.call('SET', 'k', 'b')", "0");
    using client = await it.connect();
    using other = await it.connect();
    const inTransaction = request("MULTI") + request("EVAL", SWAP, "0") + request("EXEC");
    const swaps: [string, string][] = [
      [request("EVAL", SWAP, "0"), "+OK\r\n"],
      [request("EVALSHA", hash, "0"), "+OK\r\n"],
      [request("FCALL", "swap", "0"), "+OK\r\n"],
      [inTransaction, "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n"],
      [request("WATCH", "q") + inTransaction, "+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n"],
    ];
    let [now, next] = ["a", "b"];
    for (let round = 0; round < 5; round++) {
      for (const [swap, replies] of swaps) {
        for (const one of [client, other]) {
          assertEquals(await one.exchange(request("GET", "k"), 7), `$1\r\n${now}\r\n`);
        }
        assertEquals(await client.exchange(swap, replies.length), replies);
        [now, next] = [next, now];
        for (const one of [other, client]) {
          assertEquals(await one.exchange(request("GET", "k"), 7), `$1\r\n${now}\r\n`);
        }
      }
    }
  });
}

Deno.test("a swap of databases straight at Redis is noticed with the next probe", async () => {
  await using it = await serving();
  await it.ask("SET", "k", "v");
  assertEquals(await redisCli(it.port, "get", "k"), "v\n");
  await it.ask("SWAPDB", "0", "1");
  await until(async () => await redisCli(it.port, "--no-raw", "get", "k") === "(nil)\n", 5000);
});
