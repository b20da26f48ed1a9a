/** A proxy whose Redis is the proxy itself: it would report a connection, and answer nothing. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { freePort, startRedisServer } from "../../tools/redis_server.ts";
import { ProxyProcess } from "../support/proxy.ts";
import { Relay } from "../support/relay.ts";
import { ask, redisCli, until } from "../support/serving.ts";

/** A proxy on `port` whose Redis is on `redisPort`. */
async function startOn(port: number, redisPort: number, args: string[] = []) {
  const process = new ProxyProcess([
    ...["--listen-address", "127.0.0.1", "--port", `${port}`, "--redis-port", `${redisPort}`],
    ...args,
  ]);
  await process.logged(/Listening/);
  return process;
}

async function assertLoop(process: ProxyProcess, port: number): Promise<void> {
  const [line] = await process.logged(/^.*error Redis refuses this proxy.*LOOP.*$/m);
  assertMatch(line, /lead back to this proxy/);
  const asked = performance.now();
  assertMatch(await redisCli(port, "get", "key"), /^ORIGINREFUSED .*reads from itself/);
  assert(performance.now() - asked < 1000);
}

for (const coherence of ["auto", "off"]) {
  Deno.test(`with --coherence ${coherence} a proxy that is its own Redis says so`, async () => {
    const port = freePort();
    await using process = await startOn(port, port, ["--coherence", coherence]);
    await assertLoop(process, port);
    assert(!/Connected to Redis/.test(process.stderr), process.stderr);
  });
}

Deno.test("a proxy that reaches itself through another address says so", async () => {
  const port = freePort();
  using relay = new Relay(() => port);
  await using process = await startOn(port, relay.port);
  await assertLoop(process, port);
});

Deno.test("two proxies that are each other's Redis say so, and serve once one of them has a real one", async () => {
  const [here, there] = [freePort(), freePort()];
  await using redis = await startRedisServer();
  await ask(redis.port, "SET", "key", "value");
  await using first = await startOn(here, there);
  const second = await startOn(there, here);
  try {
    const both = first.stderr + second.stderr;
    await until(() => /LOOP/.test(first.stderr + second.stderr), 20_000);
    assert(!/coherence=tracked/.test(both), both);
    for (const port of [here, there]) {
      assertMatch(await redisCli(port, "get", "key"), /^(ORIGINREFUSED|LOOP|ORIGINDOWN) /);
    }
  } finally {
    await second.stop();
  }
  await using _third = await startOn(there, redis.port);
  await until(async () => await redisCli(here, "get", "key") === "value\n");
});

Deno.test("a proxy in front of another proxy serves, and notices when that one's Redis is away", async () => {
  await using redis = await startRedisServer();
  await ask(redis.port, "SET", "key", "value");
  const [near, far] = [freePort(), freePort()];
  await using _far = await startOn(far, redis.port);
  await using nearby = await startOn(near, far, ["--cache-timeout", "0.1"]);
  assertEquals(await redisCli(near, "get", "key"), "value\n");
  // CLIENT TRACKING passes as well, so even this proxy learns of changes.
  await nearby.logged(/coherence=tracked/);
  await ask(redis.port, "SET", "key", "changed");
  await until(async () => await redisCli(near, "get", "key") === "changed\n");
  await redis.stop();
  await until(async () => /ORIGINDOWN/.test(await redisCli(near, "get", "key")));
});
