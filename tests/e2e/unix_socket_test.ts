// Unix sockets: to Redis.
import { assertEquals, assertMatch } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { startProxy } from "../support/proxy.ts";
import { ask, redisCli, until } from "../support/serving.ts";

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "redis-proxy-unix-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("unix:// reads from Redis over its socket, and sees changes of keys", async () => {
  await withFolder(async (folder) => {
    const socket = `${folder}/redis.sock`;
    await using redis = await startRedisServer({
      password: "se/cret",
      args: ["--unixsocket", socket],
    });
    const set = (value: string) =>
      redisCli(redis.port, "-a", "se/cret", "--no-auth-warning", "-n", "2", "set", "key", value);
    await set("first");
    const url = `unix://:se%2Fcret@${socket}?db=2`;
    await using proxy = await startProxy(null, [], { env: { RP_REDIS_URL: url } });
    assertMatch(proxy.process.stderr, /Connected to Redis redis=unix:\S+\?db=2 coherence=tracked/);
    assertEquals(await redisCli(proxy.port, "get", "key"), "first\n");
    await set("second");
    await until(async () => await redisCli(proxy.port, "get", "key") === "second\n");
    assertEquals(proxy.process.stderr.includes("cret"), false);
  });
});

Deno.test("a socket that is not there yet is tried again until Redis listens on it", async () => {
  await withFolder(async (folder) => {
    const socket = `${folder}/redis.sock`;
    await using proxy = await startProxy(null, ["--redis-url", `redis+unix://${socket}`], {
      awaitRedis: false,
    });
    await proxy.process.logged(/No connection to Redis.*No such file/);
    await using _redis = await startRedisServer({ args: ["--unixsocket", socket] });
    await proxy.process.logged(/Connected to Redis/);
    assertEquals(await ask(proxy.port, "GET", "key"), "$-1");
  });
});
