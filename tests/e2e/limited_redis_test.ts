/**
 * Servers that lack commands, or close the connection when they get them: the proxy sends only the
 * commands it needs.
 */
import { assert, assertEquals } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { type RunningProxy, startProxy } from "../support/proxy.ts";
import { ask, redisCli, until } from "../support/serving.ts";
import { HAS_TWEMPROXY, startTwemproxy } from "../support/twemproxy.ts";

const LARGE = 300_000;

/** Fills a Redis, reads it through a proxy, and expects that no connection is lost. */
async function assertServes(redisPort: number, { port, process }: RunningProxy): Promise<void> {
  using client = await RawClient.connect(port);
  for (const [key, value] of [["key", "value"], ["\xff\x00", "\r\n\xfe"], ["empty", ""]] as const) {
    const wanted = `$${value.length}\r\n${value}\r\n`;
    assertEquals(await client.exchange(request("GET", key), wanted.length), wanted);
  }
  assertEquals(await client.exchange(request("STRLEN", "large"), 9), `:${LARGE}\r\n`);
  assertEquals(
    await client.exchange(request("MGET", "key", "missing"), 20),
    "*2\r\n$5\r\nvalue\r\n$-1\r\n",
  );
  await ask(redisPort, "SET", "other", "1");
  assertEquals(await client.exchange(request("GET", "other"), 7), "$1\r\n1\r\n");
  const info = await redisCli(port, "info");
  assert(/origin_connections:1\r/.test(info) && /origin_connections_lost:0\r/.test(info), info);
  for (const line of process.stderr.trimEnd().split("\n")) JSON.parse(line);
}

async function fill(redisPort: number, password?: string): Promise<void> {
  using client = await RawClient.connect(redisPort);
  if (password !== undefined) await client.exchange(request("AUTH", password), 5);
  const value = "x".repeat(LARGE);
  await client.exchange(
    request("MSET", "key", "value", "\xff\x00", "\r\n\xfe", "empty", "", "large", value),
    5,
  );
}

const RENAMED = [
  ...["INFO", "CLIENT", "SCRIPT", "EVALSHA_RO", "EVALSHA", "STRLEN", "PTTL", "SUBSCRIBE", "PING"],
  ...["SELECT", "AUTH", "WATCH", "HELLO"],
];

for (const coherence of ["auto", "off"]) {
  const flags = ["--coherence", coherence, "--log-format", "json"];

  Deno.test(`with --coherence ${coherence} a Redis without any one of its commands but GET is served`, async (t) => {
    for (const command of RENAMED) {
      await t.step(command, async () => {
        await using redis = await startRedisServer({ args: ["--rename-command", command, ""] });
        await fill(redis.port);
        await using proxy = await startProxy(redis.port, flags);
        await assertServes(redis.port, proxy);
      });
    }
  });

  Deno.test(`with --coherence ${coherence} a Redis that knows nothing but GET is served`, async () => {
    await using redis = await startRedisServer({
      args: RENAMED.flatMap((command) => ["--rename-command", command, ""]),
    });
    await fill(redis.port);
    await using proxy = await startProxy(redis.port, flags);
    await assertServes(redis.port, proxy);
  });

  for (const password of [undefined, "secret"]) {
    const name = password === undefined ? "twemproxy" : "twemproxy with a password";
    Deno.test({
      name: `with --coherence ${coherence} a Redis behind ${name} is served`,
      ignore: !HAS_TWEMPROXY,
      async fn() {
        await using redis = await startRedisServer({ ...(password && { password }) });
        await fill(redis.port, password);
        await using middle = await startTwemproxy(redis.port, password);
        const url = `redis://${
          password === undefined ? "" : `:${password}@`
        }127.0.0.1:${middle.port}`;
        const started = performance.now();
        await using proxy = await startProxy(null, [...flags, "--redis-url", url]);
        assert(performance.now() - started < 5000);
        if (password === undefined) return await assertServes(redis.port, proxy);
        assertEquals(await redisCli(proxy.port, "get", "key"), "value\n");
      },
    });
  }
}

Deno.test({
  name: "behind twemproxy values stay for their time, and reads go on while more is asked for",
  ignore: !HAS_TWEMPROXY,
  async fn() {
    await using redis = await startRedisServer();
    await using middle = await startTwemproxy(redis.port);
    await using proxy = await startProxy(middle.port, ["--cache-timeout", "0.5"]);
    await proxy.process.logged(/coherence=untracked/);
    await ask(redis.port, "SET", "key", "old");
    const read = performance.now();
    assertEquals(await redisCli(proxy.port, "get", "key"), "old\n");
    await ask(redis.port, "SET", "key", "new");
    await until(async () => await redisCli(proxy.port, "get", "key") === "new\n", 2000);
    assert(performance.now() - read > 400);
    // By then, the proxy has tried tracking again, which closes only connections that are not in
    // use.
    using client = await RawClient.connect(proxy.port);
    for (let index = 0; performance.now() - read < 7000; index++) {
      assertEquals(await client.exchange(request("GET", `missing:${index}`), 5), "$-1\r\n");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert(/origin_connections_lost:0\r/.test(await redisCli(proxy.port, "info")));
  },
});
