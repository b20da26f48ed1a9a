/** A slow link to Redis: a large value delays only the clients that requested it. */
import { assert, assertEquals } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { startProxy } from "../support/proxy.ts";
import { ask, figure } from "../support/serving.ts";
import { ThinLink } from "../support/thin_link.ts";

const LARGE = "x".repeat(2_000_000);
const RATE = 800_000;
const bulk = (value: string) => `$${value.length}\r\n${value}\r\n`;

for (const forbidden of ["", "-@scripting"]) {
  const rights = forbidden === "" ? "all rights" : forbidden;
  Deno.test(`while a large value comes over a slow link, hits come at once and other misses soon, with ${rights}`, () =>
    tryLink(forbidden));
}

async function tryLink(forbidden: string): Promise<void> {
  await using redis = await startRedisServer();
  if (forbidden !== "") await ask(redis.port, "ACL", "SETUSER", "default", forbidden);
  using writer = await RawClient.connect(redis.port);
  const keys = Array.from({ length: 300 }, (_, at) => `key:${at}`);
  const sets = [...keys.map((key) => request("SET", key, key)), request("SET", "large", LARGE)];
  await writer.exchange(sets.join(""), 5 * sets.length);
  using link = new ThinLink(redis.port, { bytesPerSecond: RATE });
  await using proxy = await startProxy(link.port, ["--lease", "0.6", "--policy", "key:1*=off"]);
  using client = await RawClient.connect(proxy.port);
  using other = await RawClient.connect(proxy.port);
  const time = async (key: string) => {
    const start = performance.now();
    assertEquals(await client.exchange(request("GET", key), bulk(key).length), bulk(key));
    return performance.now() - start;
  };
  await time("key:2");
  const hits = await figure(proxy.port, "cache_hits");
  let isThere = false;
  await other.send(request("GET", "large"));
  const reading = other.text(bulk(LARGE).length).then((text) => {
    isThere = true;
    return text;
  });
  let rounds = 0;
  let [slowestHit, slowestMiss] = [0, 0];
  for (; !isThere; rounds++) {
    slowestHit = Math.max(slowestHit, await time("key:2"));
    slowestMiss = Math.max(slowestMiss, await time("key:1"));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert(await reading === bulk(LARGE));
  assert(rounds > 50, `${rounds} rounds`);
  assertEquals(await figure(proxy.port, "cache_hits") - hits, rounds, "every hit is one");
  assert(slowestHit < 200, `a hit took ${Math.round(slowestHit)} ms`);
  assert(slowestMiss < 500, `a miss took ${Math.round(slowestMiss)} ms`);
}
