/** A Redis user without the right to tracking, who gets it while the proxy runs. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { startProxy } from "../support/proxy.ts";
import { Relay } from "../support/relay.ts";
import { ask, curl, redisCli, until } from "../support/serving.ts";
import { PATH_WAYS, type Way } from "../support/ways.ts";

/** Rights that tracking needs in each mode, beside those of a usual user. */
const MISSING = { inline: "client|tracking", redirect: "@dangerous" };

/** A proxy that reads as a user without some of the rights that tracking needs. */
async function restricted({ mode, args }: Way, ...more: string[]) {
  const redis = await startRedisServer();
  const missing = `-${MISSING[mode]}`;
  await ask(redis.port, "ACL", "SETUSER", "u", "on", ">p", "~*", "&*", "+@all", missing);
  await ask(redis.port, "SET", "key", "1");
  const relay = new Relay(() => redis.port);
  const url = `redis://u:p@127.0.0.1:${relay.port}`;
  const proxy = await startProxy(null, ["--redis-url", url, "--admin-port", "0", ...args, ...more]);
  await proxy.process.logged(/coherence=untracked/);
  return {
    redis,
    relay,
    proxy,
    set: (value: string) => ask(redis.port, "SET", "key", value),
    get: () => redisCli(proxy.port, "get", "key"),
    grant: () => ask(redis.port, "ACL", "SETUSER", "u", `+${MISSING[mode]}`),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      relay[Symbol.dispose]();
      await redis.stop();
    },
  };
}

for (const way of PATH_WAYS) {
  Deno.test(`tracking begins without a restart once its rights are granted, and no read fails meanwhile: ${way.mode}`, async () => {
    await using it = await restricted(way);
    assertEquals(await it.get(), "1\n");
    await it.set("2");
    assertEquals(await it.get(), "1\n", "it is kept for its time");
    await it.grant();
    using client = await RawClient.connect(it.proxy.port);
    let isTracked = false;
    const granted = it.proxy.process.logged(/coherence=tracked/, 8000).then(() => isTracked = true);
    for (let index = 0; !isTracked; index++) {
      const reads = Array.from(
        { length: 20 },
        (_, one) => request("GET", `missing:${index}:${one}`),
      );
      assertEquals(await client.exchange(reads.join(""), 100), "$-1\r\n".repeat(20));
    }
    await granted;
    assertEquals(await it.get(), "2\n");
    await it.set("3");
    await until(async () => await it.get() === "3\n", 1000);
    assertMatch(await redisCli(it.proxy.port, "info", "coherence"), /^coherence:tracked/m);
  });

  Deno.test(`tracking begins with the next connection once its rights are granted: ${way.mode}`, async () => {
    await using it = await restricted(way);
    await it.grant();
    const granted = performance.now();
    it.relay.cut("data");
    await it.proxy.process.logged(/coherence=tracked/);
    assert(performance.now() - granted < 2000);
  });

  Deno.test(`with --coherence required the proxy is ready once the rights are granted: ${way.mode}`, async () => {
    await using it = await restricted(way, "--coherence", "required");
    const [, admin] = await it.proxy.process.logged(/Serving metrics .*port=(\d+)/);
    const ready = () => curl(Number(admin), "/readyz", "-w", "%{http_code}");
    assertMatch(await ready(), /503$/);
    for (const value of ["2", "3"]) {
      await it.set(value);
      assertEquals(await it.get(), `${value}\n`, "nothing is kept");
    }
    await it.grant();
    await until(async () => (await ready()).endsWith("200"));
  });

  Deno.test(`revoked rights end tracking, the proxy says so, and answers stay right: ${way.mode}`, async () => {
    await using it = await restricted(way);
    await it.grant();
    it.relay.cut("data");
    await it.proxy.process.logged(/coherence=tracked/);
    assertEquals(await it.get(), "1\n");
    await ask(it.redis.port, "ACL", "SETUSER", "u", "-client");
    await it.set("2");
    await it.proxy.process.logged(
      /coherence=tracked[^]*coherence=untracked[^]*announces no changes/,
    );
    assertEquals(await it.get(), "2\n");
  });
}
