// The configurations of HAProxy and nginx in deploy, if these programs are installed.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { freePort, startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { hasProgram, Program } from "../support/program.ts";
import { adminPortOf, ROOT, startProxy } from "../support/proxy.ts";
import { curl, redisCli, run, until } from "../support/serving.ts";

/** Runs a program with a file of `deploy` in which texts are replaced. */
async function withConfiguration(
  path: string,
  replaced: Readonly<Record<string, string>>,
  start: (file: string, folder: string) => Program,
  work: () => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "redis-proxy-balancer-" });
  let text = await Deno.readTextFile(`${ROOT}deploy/${path}`);
  for (const [from, to] of Object.entries(replaced)) {
    assert(text.includes(from), `${path} has no ${from}`);
    text = text.replaceAll(from, to);
  }
  await Deno.writeTextFile(`${folder}/config`, text);
  const program = start(`${folder}/config`, folder);
  try {
    await work();
  } catch (error) {
    throw new Error(program.output, { cause: error });
  } finally {
    await program[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("HAProxy spreads clients over two proxies, shows their address, and leaves one that drains", async () => {
  if (!hasProgram("haproxy")) return;
  await using redis = await startRedisServer();
  const args = [
    "--proxy-protocol",
    "require",
    "--admin-port",
    "0",
    "--drain-delay",
    "3s",
    "--protected-mode",
    "no",
  ];
  await using one = await startProxy(redis.port, args);
  await using two = await startProxy(redis.port, args);
  const port = freePort();
  const replaced = {
    "127.0.0.1:6380": `127.0.0.1:${port}`,
    "127.0.0.1:8081 port 9091": `127.0.0.1:${one.port} port ${await adminPortOf(one)}`,
    "127.0.0.1:8082 port 9092": `127.0.0.1:${two.port} port ${await adminPortOf(two)}`,
  };
  const start = (file: string) => new Program("haproxy", ["-db", "-f", file]);
  await withConfiguration("haproxy/haproxy.cfg", replaced, start, async () => {
    await until(async () => await redisCli(port, "set", "key", "value") === "OK\n");
    const ids = new Set<string>();
    {
      await using stack = new AsyncDisposableStack();
      for (let client = 0; client < 4; client++) {
        const connection = stack.use(await RawClient.connect(port));
        await connection.send(request("INFO", "proxy"));
        ids.add(
          /proxy_process_id:(\d+)/.exec(await connection.until("proxy_used_memory_rss:"))![1]!,
        );
        await connection.until("\r\n");
        const address = (connection as unknown as { conn?: Deno.Conn }).conn?.localAddr;
        await connection.send(request("CLIENT", "INFO"));
        const line = await connection.until(" user=");
        assertMatch(line, /addr=127\.0\.0\.1:\d+/);
        if (address !== undefined) {
          assert(line.includes(`addr=127.0.0.1:${(address as Deno.NetAddr).port} `), line);
        }
      }
    }
    assertEquals(ids.size, 2);
    const stopped = one.process.stop();
    await until(async () => {
      const { stdout } = await run("redis-cli", ["-p", `${port}`, "info", "proxy"]);
      return stdout.includes(`proxy_process_id:${two.process.pid}`);
    });
    for (let client = 0; client < 20; client++) {
      assertEquals(await redisCli(port, "get", "key"), "value\n");
    }
    assertEquals(await stopped, 0);
    assertEquals(await redisCli(port, "get", "key"), "value\n");
  });
});

Deno.test("nginx asks the proxy for public keys only, and passes conditional requests", async () => {
  if (!hasProgram("nginx")) return;
  await using redis = await startRedisServer();
  await using proxy = await startProxy(redis.port, [
    "--http-keys",
    "public:*",
    "--http-max-age",
    "10s",
  ]);
  await redisCli(redis.port, "set", "public:a b/c", "shown");
  await redisCli(redis.port, "set", "secret", "hidden");
  const port = freePort();
  const replaced = {
    "127.0.0.1:8080": `127.0.0.1:${proxy.port}`,
    "127.0.0.1:8088": `127.0.0.1:${port}`,
  };
  const start = (file: string, folder: string) =>
    new Program("nginx", [
      ...["-c", file, "-e", "stderr", "-p", folder, "-g"],
      `daemon off; pid ${folder}/pid; user root;`,
    ]);
  await withConfiguration("nginx/nginx.conf", replaced, start, async () => {
    await until(async () => (await run("curl", ["-s", `http://127.0.0.1:${port}/`])).code === 0);
    const page = await curl(port, "/values/a%20b/c", "-i");
    assertMatch(page, /^HTTP\/1\.1 200 [^]*\r\nCache-Control: max-age=10\r\n[^]*\r\n\r\nshown$/);
    const [, tag] = /ETag: (.*)\r/i.exec(page)!;
    const again = await curl(port, "/values/a%20b/c", "-i", "-H", `If-None-Match: ${tag}`);
    assertMatch(again, /^HTTP\/1\.1 304 /);
    // Nobody forces a read of Redis through nginx.
    const forced = await curl(port, "/values/a%20b/c", "-i", "-H", "Cache-Control: no-cache");
    assertMatch(forced, /Cache-Status: redis-proxy; hit/i);
    const code = (path: string, ...flags: string[]) =>
      curl(port, path, "-o", "/dev/null", "-w", "%{http_code}", ...flags);
    assertEquals(await code("/secret"), "404");
    assertEquals(await code("/values/../secret"), "404");
    assertEquals(await code("/values/none"), "404");
    await redisCli(redis.port, "set", "public:x//y", "slashes");
    assertEquals(await curl(port, "/values/x//y"), "slashes");
    assertEquals(await code("/values/a%20b/c", "-X", "DELETE"), "403");
  });
});
