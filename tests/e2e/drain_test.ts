import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { freePort, startRedisServer } from "../../tools/redis_server.ts";
import { request } from "../support/client.ts";
import { adminPortOf, ProxyProcess, startProxy } from "../support/proxy.ts";
import { ask, curl, serving } from "../support/serving.ts";
import { UpgradeLoad } from "../support/upgrade_load.ts";

const DELAY = 1000;
const STATUS = ["-w", "%{http_code}"];

Deno.test("with --drain-delay, a stopping proxy says it is not ready, keeps serving, then closes the port", async () => {
  await using it = await serving(["--admin-port", "0", "--drain-delay", `${DELAY}ms`]);
  const admin = await adminPortOf(it.proxy);
  const { process } = it.proxy;
  await it.ask("SET", "key", "value");
  using web = await it.connect();
  using resp = await it.connect();
  assertEquals(await resp.exchange("PING\r\n", 7), "+PONG\r\n");
  const asked = performance.now();
  process.kill("SIGTERM");
  await process.logged(/Stopping signal=SIGTERM/);

  assertEquals(await curl(admin, "/readyz", ...STATUS), "stopping\n503");
  // A reply over HTTP asks the client to reconnect. A new connection is still served.
  await web.send("GET /key HTTP/1.1\r\nHost: h\r\n\r\n");
  assertMatch(await web.rest(), /^HTTP\/1\.1 200 [^]*\r\nConnection: close\r\n[^]*value$/);
  web.close();
  assertEquals(await curl(it.port, "/key"), "value");
  assertEquals(await resp.exchange(request("GET", "key"), 11), "$5\r\nvalue\r\n");
  assert(performance.now() - asked < DELAY, "too slow to tell");
  assertEquals(await resp.rest(), "");
  assert(performance.now() - asked >= DELAY - 1);
  assertEquals((await process.status).code, 0);
  assertMatch(process.stderr, /Stopping .*\n.*Closing the port clients=\d\n.*Stopped\n$/);
});

Deno.test("a second signal ends a proxy that drains", async () => {
  await using it = await serving(["--drain-delay", "60s"]);
  it.proxy.process.kill("SIGTERM");
  await it.proxy.process.logged(/Stopping/);
  it.proxy.process.kill("SIGINT");
  assertEquals((await it.proxy.process.status).code, 1);
});

Deno.test("with --reuse-port, a proxy takes over under load: nobody is refused, and no connection is reset", async () => {
  await using redis = await startRedisServer();
  await ask(redis.port, "SET", "key", "value");
  const port = freePort();
  const flags = ["--port", `${port}`, "--reuse-port", "--drain-delay", "400ms"];
  let current = await startProxy(redis.port, flags);
  try {
    const load = new UpgradeLoad(port, 5, 1);
    for (let time = 0; time < 2; time++) {
      const next = await startProxy(redis.port, flags);
      assertEquals(await current.process.stop(), 0);
      current = next;
    }
    const { answered, ended, crossed, wrong } = await load.stop();
    assertEquals(wrong, {});
    // Each long connection ended in order, over RESP and over HTTP, though a request may cross with
    // the end of its connection.
    assert(ended + crossed >= 20, `${ended} + ${crossed}`);
    assert(answered.resp! > 100 && answered.http! > 100, JSON.stringify(answered));
  } finally {
    await current.process.stop();
  }
});

Deno.test("with --reuse-port, both processes may have the admin port and a Unix socket", async () => {
  await using redis = await startRedisServer();
  const folder = await Deno.makeTempDir({ prefix: "redis-proxy-reuse-" });
  try {
    const path = `${folder}/socket`;
    const flags = [
      ...["--listen-address", `127.0.0.1,unix:${path}`],
      ...["--port", `${freePort()}`, "--admin-port", `${freePort()}`, "--reuse-port"],
    ];
    const ping = async () => {
      using conn = await Deno.connect({ transport: "unix", path });
      await conn.write(new TextEncoder().encode("PING\r\n"));
      const reply = new Uint8Array(16);
      return new TextDecoder().decode(reply.subarray(0, await conn.read(reply) ?? 0));
    };
    const old = await startProxy(redis.port, flags);
    await using next = await startProxy(redis.port, flags);
    const admin = await adminPortOf(next);
    assertEquals(await ping(), "+PONG\r\n");
    assertEquals(await old.process.stop(), 0);
    assertEquals([await ping(), await curl(admin, "/readyz")], ["+PONG\r\n", "ready\n"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("without --reuse-port, the port of another proxy is refused, even if that one has --reuse-port", async () => {
  await using redis = await startRedisServer();
  const flags = ["--port", `${freePort()}`];
  await using _first = await startProxy(redis.port, [...flags, "--reuse-port"]);
  await using second = new ProxyProcess(["--listen-address", "127.0.0.1", ...flags]);
  assertEquals((await second.status).code, 2);
  assertMatch(second.stderr, /^Cannot listen on 127\.0\.0\.1 port \d+: wanted /);
});

Deno.test("a proxy that stops ends its side, so that a client sees an end and not a reset", async () => {
  await using it = await serving();
  const clients = await Promise.all(Array.from({ length: 20 }, () => it.connect()));
  for (const client of clients) assertEquals(await client.exchange("PING\r\n", 7), "+PONG\r\n");
  it.proxy.process.kill("SIGTERM");
  await it.proxy.process.logged(/Stopping/);
  // Each client sends one more request, and gets the reply before the end.
  await Promise.all(clients.map(async (client) => {
    await client.send("PING\r\n");
    const received: (number | null)[] = [];
    const room = new Uint8Array(64);
    while (received.at(-1) !== null) received.push(await client.conn.read(room));
    assertEquals(received, [7, null]);
    client.close();
  }));
  assertEquals((await it.proxy.process.status).code, 0);
  await assertRejects(() => it.connect(), Deno.errors.ConnectionRefused);
});
