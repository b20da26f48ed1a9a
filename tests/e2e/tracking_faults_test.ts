/** Connections to Redis that are silent, cut or led astray, and a Redis that is not what it was. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { startProxy } from "../support/proxy.ts";
import { LyingRedis } from "../support/lying_redis.ts";
import { type Kind, Relay } from "../support/relay.ts";
import { ask, redisCli, until } from "../support/serving.ts";
import { PATH_WAYS } from "../support/ways.ts";

const LEASE = 0.6;
const REDIRECT = ["--tracking-mode", "redirect"];

/** A Redis, a relay in front of it, and a proxy in front of the relay. */
async function relayed(args: readonly string[] = []) {
  const redis = await startRedisServer();
  const state = { port: redis.port };
  const relay = new Relay(() => state.port);
  const proxy = await startProxy(relay.port, ["--lease", `${LEASE}`, ...args]);
  return {
    redis,
    relay,
    proxy,
    state,
    get: (key: string) => redisCli(proxy.port, "get", key),
    ask: (...command: string[]) => ask(redis.port, ...command),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      relay[Symbol.dispose]();
      await redis.stop();
    },
  };
}

for (const { name, mode, args } of PATH_WAYS) {
  const kinds: Kind[] = mode === "inline" ? ["data"] : ["data", "invalidation"];
  for (const kind of kinds) {
    Deno.test(`with a silent ${kind} connection, no answer is older than the lease: ${name}`, async () => {
      await using it = await relayed(args);
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

    Deno.test(`after the ${kind} connection is cut, the next answer is current: ${name}`, async () => {
      await using it = await relayed(args);
      await it.ask("SET", "key", "old");
      assertEquals(await it.get("key"), "old\n");
      it.relay.cut(kind);
      await until(() => it.proxy.process.stderr.includes("No connection to Redis"));
      await it.ask("SET", "key", "new");
      assertEquals(await it.get("key"), "new\n");
    });
  }

  Deno.test(`once Redis is demoted, the proxy connects again and finds the new master: ${name}`, async () => {
    await using it = await relayed(args);
    await using master = await startRedisServer();
    await it.ask("SET", "key", "old");
    assertEquals(await it.get("key"), "old\n");
    // Whoever connects from now on reaches the new master; the connections to the old one stay open.
    it.state.port = master.port;
    await ask(master.port, "SET", "key", "new");
    assertEquals(await it.ask("REPLICAOF", "127.0.0.1", "1"), "+OK");
    const demoted = performance.now();
    await until(async () => await it.get("key") === "new\n", 5000);
    assert(performance.now() - demoted < 1000 * LEASE + 500);
    assertMatch(it.proxy.process.stderr, /Redis was a master and is a slave now/);
  });

  Deno.test(`a connection that Redis does not track any more is replaced: ${name}`, async () => {
    await using it = await relayed(args);
    await it.ask("SET", "key", "old");
    assertEquals(await it.get("key"), "old\n");
    it.relay.say("data", "CLIENT REPLY SKIP\r\nCLIENT TRACKING OFF\r\n");
    await it.proxy.process.logged(/tracking is off/);
    await it.ask("SET", "key", "new");
    await until(async () => await it.get("key") === "new\n", 5000);
  });
}

Deno.test("a connection that is said to speak RESP3 and does not is not relied on", async () => {
  await using redis = await startRedisServer();
  const said = ["server", "redis", "proto"].map((word) => `$${word.length}\r\n${word}\r\n`);
  const hello = `%2\r\n${said.join("")}:3\r\n`;
  using lying = new LyingRedis(redis.port, ([name]) => name === "HELLO" ? hello : undefined);
  await using proxy = await startProxy(lying.port);
  assertMatch(proxy.process.stderr, /coherence=tracked tracking=redirect/);
  await ask(redis.port, "SET", "key", "old");
  assertEquals(await redisCli(proxy.port, "get", "key"), "old\n");
  await ask(redis.port, "SET", "key", "new");
  await until(async () => await redisCli(proxy.port, "get", "key") === "new\n", 1000);
});

Deno.test("nothing is cached while a Redis that tracked reads ends connections at that step", async () => {
  await using redis = await startRedisServer();
  using lying = new LyingRedis(redis.port);
  await using proxy = await startProxy(lying.port, ["--lease", `${LEASE}`]);
  lying.lie = ([name, sub]) => `${name} ${sub}` === "CLIENT TRACKINGINFO" ? "" : undefined;
  await proxy.process.logged(/Redis announces no changes: nothing is kept/);
  for (const value of ["1", "2", "3"]) {
    await ask(redis.port, "SET", "key", value);
    assertEquals(await redisCli(proxy.port, "get", "key"), `${value}\n`);
  }
  lying.lie = () => undefined;
  await proxy.process.logged(
    /coherence=tracked[^]*coherence=untracked[^]*coherence=tracked/,
    15_000,
  );
  await ask(redis.port, "SET", "key", "4");
  await until(async () => await redisCli(proxy.port, "get", "key") === "4\n", 1000);
});

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
  await using proxy = await startProxy(relay.port, REDIRECT);
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
  await using proxy = await startProxy(relay.port, REDIRECT);
  await proxy.process.logged(/Redis announces no changes: nothing is kept/);
  for (const value of ["1", "2", "3"]) {
    await ask(redis.port, "SET", "key", value);
    assertEquals(await redisCli(proxy.port, "get", "key"), `${value}\n`);
  }
  isAstray = false;
  await proxy.process.logged(/coherence=tracked/);
  assertEquals(await redisCli(proxy.port, "get", "key"), "3\n");
});
