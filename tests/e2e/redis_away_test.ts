import { assert, assertEquals, assertMatch } from "@std/assert";
import { freePort, startRedisServer } from "../../tools/redis_server.ts";
import { request } from "../support/client.ts";
import { startProxy } from "../support/proxy.ts";
import { ask, curl, redisCli, serving, until } from "../support/serving.ts";

const withStatus = ["-w", "\n%{http_code}", "-D", "-"];

Deno.test("a proxy starts without Redis, tells clients so, and serves once Redis is there", async () => {
  const redisPort = freePort();
  await using proxy = await startProxy(redisPort, [], { awaitRedis: false });
  const { port } = proxy;
  assertMatch(await redisCli(port, "get", "key"), /^ORIGINDOWN /m);
  const text = await curl(port, "/key", ...withStatus);
  assertMatch(text, /^Retry-After: \d+\r$/im);
  assert(text.endsWith("\n503"), text);
  assertEquals(await redisCli(port, "ping"), "PONG\n");
  await using _redis = await startRedisServer({ port: redisPort });
  await ask(redisPort, "SET", "key", "value");
  const up = performance.now();
  await until(async () => await curl(port, "/key") === "value");
  assert(performance.now() - up < 2000);
});

Deno.test("with a hung Redis, a read fails at its timeout, and service returns as soon as Redis answers", async () => {
  await using it = await serving(["--coherence", "off", "--redis-timeout", "0.4"]);
  await it.ask("MSET", "key", "value", "kept", "kept", "other", "other");
  assertEquals(await redisCli(it.port, "get", "kept"), "kept\n");
  it.redis.kill("SIGSTOP");
  using resp = await it.connect();
  using http = await it.connect();
  const sent = performance.now();
  await resp.send(request("GET", "key"));
  await http.send("GET /other HTTP/1.1\r\nHost: h\r\n\r\n");
  assertMatch(await resp.until("\r\n"), /^-ORIGINTIMEOUT /);
  assertMatch(await http.until("\r\n"), /^HTTP\/1\.1 504 /);
  assert(performance.now() - sent < 2000, `${performance.now() - sent} ms`);
  const again = performance.now();
  assertMatch(await redisCli(it.port, "get", "key"), /^ORIGIN(TIMEOUT|DOWN) /m);
  assert(performance.now() - again < 2000);
  assertEquals(await redisCli(it.port, "get", "kept"), "kept\n");
  it.redis.kill("SIGCONT");
  const up = performance.now();
  await until(async () => await redisCli(it.port, "get", "key") === "value\n");
  assert(performance.now() - up < 2000);
});

Deno.test("a read gets a busy error if the queue is full, or if it waited too long", async () => {
  await using it = await serving([
    ...["--client-limit", "1", "--client-queue", "1", "--queue-timeout", "1"],
    ...["--redis-timeout", "20"],
  ]);
  it.redis.kill("SIGSTOP");
  /** Sends PING and a read of a key. The reply to PING shows that the read has been queued. */
  const read = async (key: string) => {
    const client = await it.connect();
    await client.send("PING\r\n" + request("GET", key));
    assertEquals(await client.text(7), "+PONG\r\n");
    return client;
  };
  using first = await read("1");
  using second = await read("2");
  using third = await read("3");
  assertMatch(await third.until("\r\n"), /^-ORIGINBUSY .*queue is full/);
  assertMatch(await second.until("\r\n"), /^-ORIGINBUSY .*too long/);
  it.redis.kill("SIGCONT");
  assertEquals(await first.text(5), "$-1\r\n");
});

Deno.test("an error of Redis that is not the client's fault is 502, and unchanged over RESP", async () => {
  await using it = await serving();
  await it.ask("ACL", "SETUSER", "default", "resetkeys", "~open:*");
  assertMatch(await redisCli(it.port, "get", "closed"), /^NOPERM /m);
  assert((await curl(it.port, "/closed", ...withStatus)).endsWith("\n502"));
});
