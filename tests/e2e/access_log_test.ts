// The access log and the slow log of a running proxy.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { ProxyProcess, startProxy } from "../support/proxy.ts";
import { curl, redisCli, serving, until } from "../support/serving.ts";

interface Line {
  protocol: string;
  command: string;
  result: string;
  status?: number;
  key?: string;
  bytes?: number;
  ms?: number;
}

/** The lines of a log, without the handshakes of redis-cli. */
function linesOf(text: string): Line[] {
  return text.trim().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

Deno.test("the access log has each request of both protocols, with its result and without its key", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/access.log`;
  {
    await using it = await serving(["--access-log", path]);
    await redisCli(it.port, "set", "secret-key", "value");
    await redisCli(it.port, "get", "secret-key");
    await redisCli(it.port, "get", "secret-key");
    await redisCli(it.port, "auth", "secret-password");
    await redisCli(it.port, "lpush", "secret-list", "a");
    await redisCli(it.port, "get", "secret-list");
    await redisCli(it.port, "blpop", "secret-list", "1");
    await redisCli(it.port, "ping");
    await curl(it.port, "/secret-key");
    await curl(it.port, "/none");
    await it.proxy.process.stop();
  }
  const text = await Deno.readTextFile(path);
  const lines = linesOf(text);
  const told = lines.map(({ command, result, status }) =>
    `${command} ${result}${status === undefined ? "" : ` ${status}`}`
  );
  for (
    const line of [
      "set passed",
      "get miss",
      "get hit",
      "auth private",
      "lpush passed",
      "ping local",
    ]
      .concat("blpop private", "GET hit 200".toLowerCase(), "get miss 404")
  ) assert(told.includes(line), `${line}: ${told}`);
  assert(told.some((line) => /^get (reply|error)/.test(line)), `${told}`);
  assert(!text.includes("secret"), text);
  // The same key has the same hash in both protocols.
  const keys = lines.filter(({ result }) => result === "hit").map(({ key }) => key);
  assertEquals(new Set(keys).size, 1);
  assert(lines.every(({ result, ms }) => result === "private" || ms !== undefined));
  await Deno.remove(folder, { recursive: true });
});

Deno.test("the access log goes to standard output, and the log to standard error", async () => {
  await using redis = await startRedisServer();
  await using proxy = await startProxy(redis.port, ["--access-log", "stdout"]);
  await redisCli(proxy.port, "get", "key");
  await until(() => proxy.process.stdout.includes('"command":"get"'));
  assert(!proxy.process.stderr.includes('"command":"get"'));
});

Deno.test("the slow log tells of a request that takes long", async () => {
  await using it = await serving(["--slow-log", "100ms"]);
  await redisCli(it.port, "get", "key");
  await redisCli(it.port, "debug", "sleep", "0");
  await it.ask("CLIENT", "PAUSE", "300");
  await redisCli(it.port, "get", "other");
  const [line] = await it.proxy.process.logged(/Slow request.*/);
  assertMatch(line, /command=get key=[0-9a-f]{16} result=(miss|timeout) bytes=\d+ ms=\d{3}/);
  const times = Array.from(
    it.proxy.process.stderr.matchAll(/Slow request.* ms=([\d.]+)/g),
    ([, ms]) => Number(ms),
  );
  assert(times.length < 3 && times.every((ms) => ms > 100), `${times}`);
});

Deno.test("the first refusal of each command is logged, and further ones are not", async () => {
  await using it = await serving(["--deny", "keys"]);
  for (let time = 0; time < 3; time++) {
    await redisCli(it.port, "keys", "*");
    await redisCli(it.port, "shutdown");
  }
  const lines = it.proxy.process.stderr.match(/Refused a command.*command=\w+/g) ?? [];
  assertEquals(lines.map((line) => line.replace(/.*command=/, "")), ["keys", "shutdown"]);
});

Deno.test("an access log that cannot be opened stops the start with one sentence", async () => {
  await using process = new ProxyProcess(["--port", "0", "--access-log", "/no/such/folder/log"]);
  assertEquals((await process.status).code, 2);
  assertMatch(process.stderr, /^Cannot open "\/no\/such\/folder\/log" for --access-log: wanted/);
});
