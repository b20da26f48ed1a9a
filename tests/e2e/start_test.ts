// The time between opening the port and the first connection to Redis, in which the proxy loads
// ioredis.
import { assertEquals, assertMatch } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { ROOT, startProxy } from "../support/proxy.ts";
import { ask } from "../support/serving.ts";

Deno.test("a GET that arrives before the connection to Redis waits for it", async () => {
  await using redis = await startRedisServer();
  await ask(redis.port, "SET", "key", "value");
  await using proxy = await startProxy(redis.port, [], { awaitRedis: false });
  assertEquals(await ask(proxy.port, "GET", "key"), "$5");
});

Deno.test("SIGTERM stops a proxy that has only just started", async () => {
  await using redis = await startRedisServer();
  const proxy = await startProxy(redis.port, [], { awaitRedis: false });
  // After an answer the proxy listens for signals; the library is loaded next.
  const pong = await ask(proxy.port, "PING");
  const status = await proxy.process.stop();
  assertEquals([pong, status], ["+PONG", 0]);
  assertMatch(proxy.process.stderr, /Stopped/);
});

Deno.test("if the client library cannot be loaded, the program ends with its error and status 1", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (const { name } of Deno.readDirSync(`${ROOT}dist/bundle`)) {
      await Deno.copyFile(`${ROOT}dist/bundle/${name}`, `${folder}/${name}`);
    }
    const program = await Deno.readTextFile(`${folder}/main.js`);
    const [, library] = /import\("\.\/([^"]+)"\)/.exec(program)!;
    await Deno.writeTextFile(`${folder}/${library}`, `throw new Error("Broken on purpose");`);
    const flags = ["--no-config", "--no-check", "-A"];
    await using redis = await startRedisServer();
    const address = ["--listen-address", "127.0.0.1", "--port", "0", "--redis-url", redis.url];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", ...flags, `${folder}/main.js`, ...address, "--tracking-mode", "redirect"],
      stdin: "null",
    }).output();
    assertEquals(code, 1);
    assertMatch(new TextDecoder().decode(stderr), /Error: Broken on purpose/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
