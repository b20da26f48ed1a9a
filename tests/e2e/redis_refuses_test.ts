/** A Redis that refuses a step of the handshake: the proxy says so and never ignores it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type RedisServer, startRedisServer } from "../../tools/redis_server.ts";
import { type RunningProxy, startProxy } from "../support/proxy.ts";
import { Relay } from "../support/relay.ts";
import { ask, curl, redisCli, until } from "../support/serving.ts";

const ADMIN = ["--admin-port", "0", "--log-format", "json"];
const STATUS = ["-w", "\n%{http_code}"];

/** A proxy that connects by a URL; the test does not wait for it. */
function startWith(url: string, args: readonly string[] = []): Promise<RunningProxy> {
  return startProxy(null, ["--redis-url", url, ...ADMIN, ...args], { awaitRedis: false });
}

async function adminPortOf({ process }: RunningProxy): Promise<number> {
  return Number((await process.logged(/Serving metrics.*"port":(\d+)/))[1]);
}

/** Checks that the log consists of lines of this program. */
function assertOwnLog({ process }: RunningProxy): void {
  for (const line of process.stderr.trimEnd().split("\n")) {
    assert(typeof JSON.parse(line).event === "string", line);
  }
  assertEquals(process.stdout, "");
}

/** Checks that clients, the admin port and the log all say that Redis refuses, and why. */
async function assertRefused(proxy: RunningProxy, why: RegExp): Promise<void> {
  const [line] = await proxy.process.logged(/^.*"level":"error".*Redis refuses.*$/m);
  assertMatch(line, why);
  const answer = await redisCli(proxy.port, "get", "key");
  assertMatch(answer, /^ORIGINREFUSED /);
  assertMatch(answer, why);
  const text = await curl(proxy.port, "/key", ...STATUS);
  assertMatch(text, why);
  assert(text.endsWith("\n502"), text);
  const admin = await adminPortOf(proxy);
  const ready = await curl(admin, "/readyz", ...STATUS);
  assertMatch(ready, why);
  assert(ready.endsWith("\n503"), ready);
  const metrics = await curl(admin, "/metrics");
  assertMatch(metrics, /^redis_proxy_origin_state\{state="refused"\} 1$/m);
  assertMatch(metrics, /^redis_proxy_origin_up 0$/m);
  assertMatch(await redisCli(proxy.port, "info", "cache"), why);
  assert(!/Connected to Redis/.test(proxy.process.stderr), proxy.process.stderr);
}

/** Checks that the same proxy serves once the cause is fixed. */
async function assertHeals(proxy: RunningProxy, value: string): Promise<void> {
  await until(async () => await redisCli(proxy.port, "get", "key") === `${value}\n`);
  const admin = await adminPortOf(proxy);
  assertEquals(await curl(admin, "/readyz", ...STATUS), "ready\n\n200");
  assertMatch(await curl(admin, "/metrics"), /^redis_proxy_origin_state\{state="up"\} 1$/m);
}

/** Sends a command to a database of Redis itself. */
async function inDatabase(redis: RedisServer, database: number, ...command: string[]) {
  return await redisCli(redis.port, "-n", `${database}`, ...command);
}

for (const coherence of ["auto", "required", "off"]) {
  Deno.test(`with --coherence ${coherence} a missing database is never replaced by another one`, async () => {
    await using redis = await startRedisServer();
    await ask(redis.port, "SET", "key", "of database 0");
    await using proxy = await startWith(`redis://127.0.0.1:${redis.port}/99`, [
      ...["--coherence", coherence],
    ]);
    await assertRefused(proxy, /SELECT 99.*DB index is out of range/);
    assertOwnLog(proxy);
  });

  Deno.test(`with --coherence ${coherence} a user without +select gets no other database`, async () => {
    await using redis = await startRedisServer();
    await ask(redis.port, "SET", "key", "of database 0");
    await inDatabase(redis, 5, "set", "key", "of database 5");
    await ask(redis.port, "ACL", "SETUSER", "u", "on", ">p", "~*", "&*", "+@all", "-select");
    await using proxy = await startWith(`redis://u:p@127.0.0.1:${redis.port}/5`, [
      ...["--coherence", coherence],
    ]);
    await assertRefused(proxy, /SELECT 5.*NOPERM/);
    await ask(redis.port, "ACL", "SETUSER", "u", "+select");
    await assertHeals(proxy, "of database 5");
    assertOwnLog(proxy);
  });
}

Deno.test("a wrong password is an error in the log, on the admin port and for clients, until it is right", async () => {
  await using redis = await startRedisServer();
  await ask(redis.port, "SET", "key", "value");
  await ask(redis.port, "ACL", "SETUSER", "u", "on", ">right", "~*", "&*", "+@all");
  await using proxy = await startWith(`redis://u:wrong@127.0.0.1:${redis.port}`);
  await assertRefused(proxy, /AUTH.*WRONGPASS/);
  await ask(redis.port, "ACL", "SETUSER", "u", ">wrong");
  await assertHeals(proxy, "value");
  assertOwnLog(proxy);
  assert(!proxy.process.stderr.includes(":wrong@"));
});

Deno.test("a user without a password reads as this user, or not at all", async () => {
  await using redis = await startRedisServer();
  for (const key of ["key", "hidden"]) await ask(redis.port, "SET", key, "value");
  const rights = ["~key", "&*", "+@all"];
  await ask(redis.port, "ACL", "SETUSER", "open", "on", "nopass", ...rights);
  await ask(redis.port, "ACL", "SETUSER", "shut", "on", ">secret", ...rights);
  await using open = await startWith(`redis://open@127.0.0.1:${redis.port}`);
  assertEquals(await redisCli(open.port, "get", "key"), "value\n");
  assertMatch(await redisCli(open.port, "get", "hidden"), /^NOPERM /);
  await using shut = await startWith(`redis://shut@127.0.0.1:${redis.port}`);
  await assertRefused(shut, /AUTH.*WRONGPASS/);
});

for (const coherence of ["auto", "off"]) {
  Deno.test(`with --coherence ${coherence} a Redis that needs a password is not taken for one that serves`, async () => {
    await using redis = await startRedisServer({ password: "secret" });
    await using proxy = await startWith(`redis://127.0.0.1:${redis.port}`, [
      ...["--coherence", coherence],
    ]);
    await assertRefused(proxy, /NOAUTH/);
    assertOwnLog(proxy);
  });

  Deno.test(`with --coherence ${coherence} a user without +get gets an error, and is served once it has the right`, async () => {
    await using redis = await startRedisServer();
    await ask(redis.port, "SET", "key", "value");
    await ask(redis.port, "ACL", "SETUSER", "u", "on", ">p", "~*", "&*", "+@all", "-get");
    await using proxy = await startWith(`redis://u:p@127.0.0.1:${redis.port}`, [
      ...["--coherence", coherence],
    ]);
    await assertRefused(proxy, /GET.*NOPERM/);
    await ask(redis.port, "ACL", "SETUSER", "u", "+get");
    await assertHeals(proxy, "value");
    assertOwnLog(proxy);
  });

  Deno.test(`with --coherence ${coherence} a password that Redis does not need is only logged`, async () => {
    await using redis = await startRedisServer();
    await ask(redis.port, "SET", "key", "value");
    await using proxy = await startWith(`redis://:needless@127.0.0.1:${redis.port}`, [
      ...["--coherence", coherence],
    ]);
    assertEquals(await redisCli(proxy.port, "get", "key"), "value\n");
    await proxy.process.logged(/wants no password/);
    assertOwnLog(proxy);
  });
}

Deno.test("if Redis is busy at a reconnect, clients get its error, and the database stays the same", async () => {
  await using redis = await startRedisServer({ args: ["--lua-time-limit", "10"] });
  using relay = new Relay(() => redis.port);
  for (const database of [0, 5]) await inDatabase(redis, database, "set", "key", `of ${database}`);
  await using proxy = await startWith(`redis://127.0.0.1:${relay.port}/5`);
  assertEquals(await redisCli(proxy.port, "get", "key"), "of 5\n");
  for (let round = 0; round < 5; round++) {
    const script = ask(redis.port, "EVAL", "while true do end", "0");
    await until(async () => (await ask(redis.port, "GET", "key")).startsWith("-BUSY"));
    relay.cut("data");
    relay.cut("invalidation");
    await until(async () => (await redisCli(proxy.port, "get", "key")).startsWith("BUSY "));
    assert((await curl(proxy.port, "/key", ...STATUS)).endsWith("\n503"));
    const metrics = await curl(await adminPortOf(proxy), "/metrics");
    assertMatch(metrics, /^redis_proxy_origin_state\{state="unready"\} 1$/m);
    assertMatch(await redisCli(redis.port, "script", "kill"), /OK/);
    await script;
    await until(async () => {
      const answer = await redisCli(proxy.port, "get", "key");
      assert(answer === "of 5\n" || answer.startsWith("BUSY "), answer);
      return answer === "of 5\n";
    });
  }
  assertOwnLog(proxy);
});
