/** The access list in the documentation has every right that is needed, and no other. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type RedisServer, startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { ROOT, type RunningProxy, startProxy } from "../support/proxy.ts";
import { redisCli, until } from "../support/serving.ts";
import { PATH_WAYS, type Way } from "../support/ways.ts";

const LARGE = 5 * 1024 * 1024;

/** The rights that docs/coherence.md lists for a tracking mode. */
async function rightsOf(mode: Way["mode"]): Promise<string[]> {
  const text = await Deno.readTextFile(`${ROOT}docs/coherence.md`);
  const section = text.slice(text.indexOf("Access rights at Redis"));
  const lists = [...section.matchAll(/\n\n((?: {4}.+\n)+)/g)].map(([, list]) => list!);
  return (mode === "inline" ? lists[0]! : lists[0]! + lists[1]!).trim().split(/\s+/);
}

/** A Redis with values in database 5, and a user with exactly these rights. */
async function startWith(rights: readonly string[]): Promise<RedisServer> {
  const redis = await startRedisServer();
  using client = await RawClient.connect(redis.port);
  const user = ["ACL", "SETUSER", "u", "reset", "on", ">p", "~*", ...rights];
  const set = request("SELECT", "5") + request("SET", "key", "value") +
    request("SETRANGE", "large", `${LARGE - 1}`, "x") + request(...user);
  assertEquals(await client.exchange(set, 25), `+OK\r\n+OK\r\n:${LARGE}\r\n+OK\r\n`);
  return redis;
}

function startFor(
  { port }: RedisServer,
  args: readonly string[],
  awaitRedis = true,
): Promise<RunningProxy> {
  const url = ["--redis-url", `redis://u:p@127.0.0.1:${port}/5`];
  return startProxy(null, [...url, ...args], { awaitRedis });
}

/** Reads a value, a large value and its length, and a value again after Redis announced a change. */
async function readAll({ port: redisPort }: RedisServer, { port }: RunningProxy): Promise<void> {
  assertEquals(await redisCli(port, "get", "key"), "value\n");
  assertEquals(await redisCli(port, "strlen", "large"), `${LARGE}\n`);
  assertEquals((await redisCli(port, "get", "large")).length, LARGE + 1);
  assertEquals(await redisCli(port, "get", "missing"), "\n");
  await redisCli(redisPort, "-n", "5", "set", "missing", "found");
  await until(async () => await redisCli(port, "get", "missing") === "found\n");
}

/** The refusals of Redis: each command and the reason. */
async function refusedBy({ port }: RedisServer): Promise<string[]> {
  const log = await redisCli(port, "--json", "acl", "log");
  const entries = JSON.parse(log) as { reason: string; object: string }[];
  return entries.map(({ reason, object }) => `${reason} ${object}`);
}

for (const { mode, args } of PATH_WAYS) {
  const all = await rightsOf(mode);
  // In line, the connection is compared with others only when there is a second one.
  const later = mode === "inline" ? ["+client|id", "+client|list"] : [];

  Deno.test(`a user with exactly the documented rights is refused nothing, and follows changes: ${mode}`, async () => {
    await using redis = await startWith(all);
    await using proxy = await startFor(redis, args);
    await proxy.process.logged(new RegExp(`coherence=tracked tracking=${mode}`));
    await readAll(redis, proxy);
    assertEquals(await refusedBy(redis), []);
    assertMatch(await redisCli(proxy.port, "info", "server"), /redis_version:7/);
    assert(!/refuses/.test(proxy.process.stderr), proxy.process.stderr);
  });

  for (const right of all) {
    Deno.test(`without ${right} no answer is wrong, and the log or an error names the missing right: ${mode}`, async () => {
      await using redis = await startWith(all.filter((one) => one !== right));
      await using proxy = await startFor(redis, args, false);
      await proxy.process.logged(/Connected to Redis|Redis refuses this proxy/);
      if (right === "+get" || right === "+select") {
        const wanted = new RegExp(`^ORIGINREFUSED .*${right.slice(1).toUpperCase()}.* NOPERM `);
        assertMatch(await redisCli(proxy.port, "get", "key"), wanted);
      } else if (/coherence=tracked/.test(proxy.process.stderr)) {
        await readAll(redis, proxy);
      } else {
        await proxy.process.logged(/Redis announces no changes: values stay until/);
        assertEquals(await redisCli(proxy.port, "get", "key"), "value\n");
      }
      assert((await refusedBy(redis)).length > 0, "the right is needed");
      if (!later.includes(right)) await proxy.process.logged(/NOPERM/);
    });
  }
}
