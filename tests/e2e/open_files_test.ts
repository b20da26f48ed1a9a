// A low limit of open files: every client gets an answer, and the process keeps running.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { adminPortOf, ProxyProcess, type RunningProxy, startProxy } from "../support/proxy.ts";
import { ask, curl, run, until } from "../support/serving.ts";

const LIMIT = 160;
const ADMIN = ["--admin-port", "0"];

/** Sends PING on a new connection, and returns it with the reply. */
async function ping(port: number): Promise<[RawClient, string]> {
  const client = await RawClient.connect(port);
  await client.send("PING\r\n");
  return [client, await client.until("\r\n")];
}

/** Closes the proxy's connections to Redis, and waits until it has new ones. */
async function reconnect(proxy: RunningProxy, redisPort: number): Promise<void> {
  const connected = () => proxy.process.stderr.match(/Connected to Redis/g)!.length;
  const before = connected();
  await ask(redisPort, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await until(() => connected() > before);
}

Deno.test("with a low limit of open files, the clients that fit are served, and all others get an answer", async () => {
  await using redis = await startRedisServer();
  await using proxy = await startProxy(redis.port, ADMIN, { limits: `ulimit -n ${LIMIT}` });
  const admin = await adminPortOf(proxy);
  const [, text] = await proxy.process.logged(
    /allows fewer connections than the settings max-clients=(\d+) .*open-files=160\n/,
  );
  const most = Number(text);
  assert(most > LIMIT / 4 && most < LIMIT - 40, `${most} clients`);

  const clients = await Promise.all(Array.from({ length: 3 * LIMIT }, () => ping(proxy.port)));
  const served = clients.filter(([, reply]) => reply === "+PONG\r\n");
  const refused = clients.filter(([, reply]) => /^-ERR max number of clients/.test(reply));
  assertEquals([served.length, refused.length], [most, clients.length - most]);
  for (const [client] of refused) client.close();
  const http = ["-w", "%{http_code}"];
  assertMatch(await curl(proxy.port, "/key", ...http), /^Too many clients .*\n503$/);
  await served[0]![0].send(request("INFO", "proxy"));
  await served[0]![0].until(`\r\nproxy_clients_max:${most}\r\n`);

  // The reserve is enough for Redis, for the admin port, and for files.
  await ask(redis.port, "SET", "key", "value");
  await reconnect(proxy, redis.port);
  const [client] = served[1]!;
  assertEquals(await client.exchange(request("GET", "key"), 11), "$5\r\nvalue\r\n");
  const scrapers = await Promise.all(Array.from({ length: LIMIT }, () => RawClient.connect(admin)));
  assertMatch(await curl(admin, "/healthz"), /^(ok|Too many clients are connected)\n$/);
  await reconnect(proxy, redis.port);
  for (const scraper of scrapers) scraper.close();
  await until(async () => await curl(admin, "/readyz") === "ready\n");
  assertMatch(await curl(admin, "/metrics"), new RegExp(`^redis_proxy_clients_max ${most}$`, "m"));
  for (const [client] of served) client.close();
  assertEquals(proxy.process.stderr.includes("Cannot accept"), false);
  assertEquals(await proxy.process.stop(), 0);
});

Deno.test("without a free descriptor nothing ends, little is logged, and service continues once there is one", async () => {
  await using redis = await startRedisServer();
  await using proxy = await startProxy(redis.port, ADMIN);
  const admin = await adminPortOf(proxy);
  const limit = (files: string) =>
    run("prlimit", ["--pid", `${proxy.process.pid}`, `--nofile=${files}:`]);
  const { stdout } = await run("sh", ["-c", "ulimit -Sn"]);
  using client = await RawClient.connect(proxy.port);
  assertEquals(await client.exchange("PING\r\n", 7), "+PONG\r\n");
  await limit("8");
  using waiting = await RawClient.connect(proxy.port);
  using scraper = await RawClient.connect(admin);
  await waiting.send("PING\r\n");
  await scraper.send("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
  await proxy.process.logged(/Cannot accept a client why="Too many open files/);
  await ask(redis.port, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await proxy.process.logged(/No connection to Redis/);
  assertEquals(await client.exchange("PING\r\n", 7), "+PONG\r\n");
  await limit(stdout.trim());
  assertEquals(await waiting.text(7), "+PONG\r\n");
  await scraper.until("ok\n");
  await until(async () => await curl(admin, "/readyz") === "ready\n");
  const lines = proxy.process.stderr.match(/Cannot accept a client/g)!.length;
  assert(lines <= 20, `${lines} lines`);
  assertEquals(await proxy.process.stop(), 0);
});

Deno.test("a limit of open files without room for a client is one sentence and status 2", async () => {
  await using process = new ProxyProcess(["--port", "0"], {}, "ulimit -n 40");
  assertEquals((await process.status).code, 2);
  assertMatch(
    process.stderr,
    /^Cannot serve clients with a limit of 40 open files: wanted at least \d+ \(ulimit -n\)\n$/,
  );
});
