import { assertEquals, assertMatch } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { startProxy } from "../support/proxy.ts";
import { ask, until } from "../support/serving.ts";

Deno.test("SIGHUP does not end a proxy that has nothing to reload", async () => {
  await using redis = await startRedisServer();
  await using proxy = await startProxy(redis.port);
  using client = await RawClient.connect(proxy.port);
  for (let time = 1; time <= 3; time++) {
    proxy.process.kill("SIGHUP");
    await until(() => proxy.process.stderr.match(/ Reloaded /g)?.length === time);
  }
  assertMatch(
    proxy.process.stderr,
    / info {2}Reloaded certificate="not used" password-file="not used" .*others="kept: restart /,
  );
  assertEquals(await client.exchange("PING\r\n", 7), "+PONG\r\n");
  assertEquals(await proxy.process.stop(), 0);
});

Deno.test("SIGHUP reads the password again, and an unusable file changes nothing", async () => {
  await using redis = await startRedisServer();
  const file = await Deno.makeTempFile({ prefix: "redis-proxy-password-" });
  await Deno.writeTextFile(file, "old\n");
  await using proxy = await startProxy(redis.port, ["--password-file", file]);
  const { process, port } = proxy;
  await ask(redis.port, "SET", "key", "value");
  const auth = (password: string) => ask(port, "AUTH", password);
  using session = await RawClient.connect(port);
  assertEquals(await session.exchange(request("AUTH", "old"), 5), "+OK\r\n");
  using web = await RawClient.connect(port);
  const get = async (password: string) => {
    const fields = `Host: h\r\nAuthorization: Bearer ${password}\r\n\r\n`;
    await web.send(`GET /key HTTP/1.1\r\n${fields}`);
    const status = (await web.until("\r\n")).slice(9, 12);
    const [, length] = /Content-Length: (\d+)/.exec(await web.until("\r\n\r\n"))!;
    await web.bytes(Number(length));
    return status;
  };
  assertEquals([await get("old"), await get("new")], ["200", "401"]);

  await Deno.writeTextFile(file, "new\n");
  process.kill("SIGHUP");
  await process.logged(/Reloaded .*password-file="read again"/);
  assertEquals([await auth("new"), (await auth("old")).slice(0, 10)], ["+OK", "-WRONGPASS"]);
  // Sessions continue, as in Redis. Each HTTP request needs the current password.
  assertEquals(await session.exchange("PING\r\n", 7), "+PONG\r\n");
  assertEquals([await get("new"), await get("old")], ["200", "401"]);

  for (const spoil of [() => Deno.writeTextFile(file, "\n"), () => Deno.remove(file)]) {
    const before = process.stderr.length;
    await spoil();
    process.kill("SIGHUP");
    await until(() => /password-file=kept/.test(process.stderr.slice(before)));
    assertMatch(process.stderr, / error Cannot reload the password-file: kept the old one why=/);
    assertEquals([await auth("new"), await get("new")], ["+OK", "200"]);
  }
});
