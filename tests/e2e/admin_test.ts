import { assert, assertEquals, assertMatch } from "@std/assert";
import { freePort, startRedisServer } from "../../tools/redis_server.ts";
import { RawClient } from "../support/client.ts";
import { adminPortOf, ProxyProcess, startProxy } from "../support/proxy.ts";
import { curl, redisCli, run, serving, until } from "../support/serving.ts";

const ADMIN = ["--admin-port", "0"];
const STATUS = ["-w", "%{http_code}"];

Deno.test("the admin port answers for health, readiness, metrics and keys, and closes with the proxy", async () => {
  await using it = await serving(ADMIN);
  const port = await adminPortOf(it.proxy);
  assertEquals(await curl(port, "/healthz"), "ok\n");
  assertEquals(await curl(port, "/readyz", ...STATUS), "ready\n200");
  await it.ask("SET", "key", "value");
  for (let time = 0; time < 3; time++) await redisCli(it.port, "get", "key");
  const metrics = await curl(port, "/metrics");
  assertMatch(metrics, /^redis_proxy_cache_hits_total 2$/m);
  assertMatch(metrics, /^redis_proxy_coherence_state\{state="tracked"\} 1$/m);
  const { cached, size, channel } = JSON.parse(await curl(port, "/explain?key=key"));
  assertEquals([cached, size, channel], ["yes", "5", "tracked"]);
  assertMatch(await curl(port, "/healthz", "--head"), /^HTTP\/1\.1 200 [^]*\r\n\r\n$/);
  // A scraper that keeps its connection must not delay the stop.
  using idle = await RawClient.connect(port);
  await idle.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await idle.until("ok\n");
  const ended = performance.now();
  assertEquals(await it.proxy.process.stop(), 0);
  assert(performance.now() - ended < 5000);
  assertEquals((await run("curl", ["-s", `http://127.0.0.1:${port}/healthz`])).code, 7);
});

Deno.test("/readyz is 503 with the reason while Redis is away, and 200 once Redis is back", async () => {
  const redisPort = freePort();
  await using proxy = await startProxy(redisPort, ADMIN, { awaitRedis: false });
  const port = await adminPortOf(proxy);
  assertMatch(
    await curl(port, "/readyz", ...STATUS),
    /^Redis is away: .*ECONNREFUSED.*; nothing is cached\n503$/,
  );
  assertEquals(await curl(port, "/healthz"), "ok\n");
  await using _redis = await startRedisServer({ port: redisPort });
  await until(async () => await curl(port, "/readyz", ...STATUS) === "ready\n200");
});

Deno.test("/readyz is 503 if --coherence is required and Redis refuses tracking", async () => {
  await using it = await serving(
    [...ADMIN, "--coherence", "required"],
    ["--rename-command", "CLIENT", ""],
  );
  const port = await adminPortOf(it.proxy);
  assertMatch(await curl(port, "/readyz", ...STATUS), /required\n503$/);
});

Deno.test("the admin port needs the clients' password, and is closed by default", async () => {
  await using redis = await startRedisServer();
  await using proxy = await startProxy(redis.port, ADMIN, { env: { RP_PASSWORD: "secret" } });
  const port = await adminPortOf(proxy);
  assert((await curl(port, "/metrics", ...STATUS)).endsWith("401"));
  assert((await curl(port, "/metrics", ...STATUS, "-u", ":secret")).endsWith("200"));
  assertEquals(await curl(port, "/healthz"), "ok\n");
  await using plain = await startProxy(redis.port);
  assert(!plain.process.stderr.includes("Serving metrics"));
});

Deno.test("an admin port that is in use stops the start with one sentence", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  await using process = new ProxyProcess(["--port", "0", "--admin-port", `${port}`]);
  assertEquals((await process.status).code, 2);
  assertMatch(process.stderr, /^Cannot listen on 127\.0\.0\.1 port \d+ for --admin-port: wanted/m);
});
