/** A Redis that is connected but does not answer, or answers late. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { startProxy } from "../support/proxy.ts";
import { Relay } from "../support/relay.ts";
import { ask, curl, redisCli, serving, until } from "../support/serving.ts";

async function figure(port: number, name: string): Promise<number> {
  return Number(new RegExp(`^${name}:(\\d+)`, "m").exec(await redisCli(port, "info"))![1]);
}

Deno.test("a Redis that says BUSY gets a few reads, then only occasional trials", async () => {
  await using it = await serving(["--coherence", "off"], ["--lua-time-limit", "10"]);
  await it.ask("SET", "key", "value");
  using endless = await it.connect();
  const script = ask(it.redis.port, "EVAL", "while true do end", "0");
  await until(async () => (await ask(it.redis.port, "GET", "key")).startsWith("-BUSY"));
  const keys = Array.from({ length: 40 }, (_, index) => `key:${index}\n`).join("");
  const before = await figure(it.port, "origin_reads");
  await endless.send(keys.replace(/^/gm, "GET ").slice(0, -4));
  for (let index = 0; index < 40; index++) assertMatch(await endless.until("\r\n"), /^-BUSY /);
  // All forty were in flight before the first answer; further reads are refused.
  const started = performance.now();
  for (let index = 0; index < 20; index++) {
    assertMatch(await endless.exchange(`GET more:${index}\r\n`, 5), /^-BUSY/);
    await endless.until("\r\n");
  }
  const trials = 1 + Math.ceil((performance.now() - started) / 100);
  const reads = await figure(it.port, "origin_reads") - before - 40;
  assert(reads <= trials, `${reads} reads`);
  assert(await figure(it.port, "origin_refusals") > 0);
  assertMatch(await redisCli(it.redis.port, "script", "kill"), /OK/);
  await script;
  // Clients must not get the error long after its reason has gone.
  await until(async () => await redisCli(it.port, "get", "key") === "value\n", 500);
});

Deno.test("if a stale value is allowed, a read waits for a slow Redis only until the soft timeout", async () => {
  await using redis = await startRedisServer();
  using relay = new Relay(() => redis.port);
  await using proxy = await startProxy(relay.port, [
    ...["--cache-timeout", "0.3", "--stale-if-error", "60", "--redis-timeout", "30"],
    ...["--soft-timeout", "0.02", "--lease", "60"],
  ]);
  await ask(redis.port, "SET", "key", "value");
  assertEquals(await curl(proxy.port, "/key"), "value");
  relay.freeze("data");
  let text = "";
  await until(async () => {
    text = await curl(proxy.port, "/key", "-D", "-");
    return /ttl=-\d+/.test(text);
  });
  assert(text.endsWith("\r\n\r\nvalue"), text);
  assertEquals(await figure(proxy.port, "origin_flights"), 1, "and the read goes on");
  relay.thaw("data");
  await until(async () => !/ttl=-\d+/.test(await curl(proxy.port, "/key", "-D", "-")));
});
