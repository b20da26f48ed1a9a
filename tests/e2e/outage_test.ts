/**
 * An outage of Redis with stale answers allowed: stale answers hide no reply of Redis, and reads
 * recover.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { freePort, startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { startProxy } from "../support/proxy.ts";
import { Relay } from "../support/relay.ts";
import { ask, callsOf, curl, until } from "../support/serving.ts";

/** Status, cache status and body of a key over HTTP. */
async function read(port: number, key: string) {
  const text = await curl(port, `/${key}`, "-D", "-");
  const [head, body] = [
    text.slice(0, text.indexOf("\r\n\r\n")),
    text.slice(text.indexOf("\r\n\r\n")),
  ];
  return {
    status: head.slice(9, 12),
    isStale: /^cache-status: .*hit.*ttl=-\d/im.test(head),
    body: body.slice(4),
  };
}

const stale = (body: string) => ({ status: "200", isStale: true, body });

Deno.test("a stale value is served and marked while Redis is away, and never hides a reply of Redis", async () => {
  const port = freePort();
  const first = await startRedisServer({ port });
  await using proxy = await startProxy(port, ["--stale-if-error", "60"]);
  const keys = ["gone", "list", "closed", "kept"];
  for (const key of keys) {
    await ask(port, "SET", key, key);
    assertEquals((await read(proxy.port, key)).body, key);
  }
  await first.stop();
  for (const key of keys) {
    await until(async () => (await read(proxy.port, key)).isStale);
    assertEquals(await read(proxy.port, key), stale(key));
  }
  assertEquals((await read(proxy.port, "uncached")).status, "503");
  {
    // Now one key is missing, one is a list, and one is forbidden.
    await using _second = await startRedisServer({ port });
    await ask(port, "RPUSH", "list", "1");
    await ask(port, "ACL", "SETUSER", "default", "resetkeys", "~gone", "~list", "~kept");
    // Stale values are allowed until the connection is back, and not after.
    await until(async () => (await read(proxy.port, "gone")).status === "404");
    assertEquals((await read(proxy.port, "list")).status, "409");
    assertEquals((await read(proxy.port, "closed")).status, "502");
  }
  // After another outage, values that Redis had denied are not served, and values that were not
  // read are.
  await until(async () => (await read(proxy.port, "kept")).isStale);
  for (const key of ["gone", "list", "closed"]) {
    assertEquals((await read(proxy.port, key)).status, "503", key);
  }
});

Deno.test("after an outage, Redis never gets more concurrent reads than there are permits", async () => {
  const PERMITS = 4;
  // A permit is for all keys that are asked for in one turn of the event loop.
  const TRIP_KEYS = 16;
  const READERS = 100;
  const LATE = 60;
  const port = freePort();
  await using proxy = await (async () => {
    const relay = new Relay(() => port);
    // Each answer is delayed, so that each permit is held for at least as long.
    relay.delay("data", () => LATE);
    const one = await startProxy(relay.port, [
      ...["--client-limit", `${PERMITS}`, "--redis-timeout", "5", "--queue-timeout", "20"],
      ...["--stale-if-error", "60", "--lease", "20"],
    ], { awaitRedis: false });
    return {
      ...one,
      async [Symbol.asyncDispose]() {
        await one[Symbol.asyncDispose]();
        relay[Symbol.dispose]();
      },
    };
  })();
  let isBack = false;
  const answers = Array.from({ length: READERS }, async (_, index) => {
    using client = await RawClient.connect(proxy.port);
    for (let asked = 0;; asked++) {
      await client.send(request("GET", `key:${index}`));
      const line = await client.until("\r\n");
      if (line === "$-1\r\n") return;
      assertMatch(line, /^-ORIGIN/);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  const done = Promise.all(answers).finally(() => isBack = true);
  done.catch(() => {/* It is awaited in the end, unless something else is wrong first. */});
  await using _redis = await startRedisServer({ port });
  let began = performance.now();
  let samples = 0;
  while (!isBack) {
    const asked = performance.now();
    const reads = await callsOf(port, "getrange");
    if (reads === 0) began = asked;
    const most = PERMITS * TRIP_KEYS * (1 + (performance.now() - began) / LATE);
    assert(reads <= most + 1, `${reads} reads after ${performance.now() - began} ms`);
    if (reads > 1) samples++;
  }
  await done;
  assert(samples > 5, `only ${samples} samples`);
});
