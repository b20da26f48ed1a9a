import { assert, assertEquals, assertMatch } from "@std/assert";
import manifest from "../../deno.json" with { type: "json" };
import { FLAGS, variableOf } from "../../src/config/settings.ts";
import { freePort } from "../../tools/redis_server.ts";
import { request } from "../support/client.ts";
import { COMMAND, ProxyProcess, ROOT, startProxy } from "../support/proxy.ts";
import { redisCli, run as command, serving, until } from "../support/serving.ts";

/** Runs the program to its end. */
async function run(args: string[], env: Record<string, string> = {}) {
  const process = new ProxyProcess(args, env);
  const { code } = await process.status;
  return { code, stdout: process.stdout, stderr: process.stderr };
}

Deno.test("--version and --help print to standard output, and exit with status 0", async () => {
  const [version, help] = await Promise.all([run(["--version"]), run(["--help"])]);
  assertEquals([version.code, version.stderr, help.code, help.stderr], [0, "", 0, ""]);
  assert(version.stdout.startsWith(`redis-proxy ${manifest.version} (deno `), version.stdout);
  assertEquals(FLAGS.filter((flag) => !help.stdout.includes(variableOf(flag))), []);
});

Deno.test("an invalid configuration is one sentence and status 2, and nothing listens", async () => {
  const port = freePort();
  const at = ["--listen-address", "127.0.0.1", "--port", `${port}`];
  const url = "redis://user:geheim@host/x";
  const wrong: [string[], Record<string, string>, RegExp][] = [
    [[...at, "--prot", "1"], {}, /^Unknown flag "--prot": did you mean --port\?$/],
    [
      ["--port", "http"],
      {},
      /^Cannot use "http" for --port: wanted a whole number from 0 to 65535$/,
    ],
    [["--port", "65536"], {}, /^Cannot use "65536" for --port: wanted /],
    [[], { RP_PORT: "-1" }, /^Cannot use "-1" for RP_PORT: wanted /],
    [[...at, "--cache-memory", "much"], {}, /^Cannot use "much" for --cache-memory: wanted /],
    [at, { RP_CACHE_SIZ: "1" }, /^Unknown variable RP_CACHE_SIZ: did you mean RP_CACHE_SIZE\?$/],
    [[...at, "--cache-timeout", "1w"], {}, /^Cannot use "1w" for --cache-timeout: wanted /],
    [[...at, "--log-level", "loud"], {}, /^Cannot use "loud" for --log-level: wanted one of /],
    [[...at, "--redis-url", url], {}, /^Cannot use its value for --redis-url: wanted redis:\/\//],
    [[...at, url], {}, /^Cannot understand "redis:\/\/\*\*\*@host\/x": wanted flags/],
    [
      at,
      { RP_PASSWORD_FILE: "/no/such/file" },
      /^Cannot read "\/no\/such\/file" for RP_PASSWORD_FILE: /,
    ],
    [[...at, "--redis-url", "redis://h", "--redis-host", "h"], {}, /^Cannot use .* together with /],
    [
      ["--listen-address", "192.0.2.1", "--port", "0"],
      {},
      /^Cannot listen on 192\.0\.2\.1 port 0: /,
    ],
  ];
  for (const [args, env, sentence] of wrong) {
    const { code, stdout, stderr } = await run(args, env);
    assertEquals([code, stdout, stderr.split("\n").length], [2, "", 2], stderr);
    assertMatch(stderr.trimEnd(), sentence);
    assert(!stderr.includes("geheim"));
  }
  await Deno.connect({ hostname: "127.0.0.1", port }).then(
    (conn) => {
      conn.close();
      throw new Error("Something listens on the port");
    },
    (error) => assert(error instanceof Deno.errors.ConnectionRefused),
  );
});

Deno.test("a port in use is one sentence and status 2", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const { code, stderr } = await run(["--listen-address", "127.0.0.1", "--port", `${port}`]);
  assertEquals(code, 2);
  assertMatch(
    stderr,
    new RegExp(
      `^Cannot listen on 127\\.0\\.0\\.1 port ${port}: wanted an address of this machine and a free port`,
    ),
  );
});

Deno.test("healthcheck exits with 0 if the proxy answers, with or without Redis, else with 1 and a sentence", async () => {
  const redisPort = freePort();
  const at = ["--listen-address", "127.0.0.1"];
  let port = "";
  {
    await using proxy = await startProxy(redisPort, [], { awaitRedis: false });
    port = `${proxy.port}`;
    const { code, stdout, stderr } = await run(["healthcheck", ...at, "--port", port]);
    assertEquals([code, stdout, stderr], [0, "", ""]);
    assertEquals((await run(["healthcheck"], { RP_PORT: port })).code, 0);
  }
  const gone = await run(["healthcheck", ...at, "--port", port]);
  assertEquals(gone.code, 1);
  assertMatch(gone.stderr, /^Unhealthy: cannot ask 127\.0\.0\.1 port \d+: .*\n$/);
  // A server that accepts and says nothing is not healthy, and does not block the check.
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const args = ["healthcheck", ...at, "--port", `${silent.addr.port}`, "--redis-timeout", "0.1"];
  const hung = await run(args);
  assertEquals(hung.code, 1);
  assertMatch(hung.stderr, /^Unhealthy: .*no answer within 100 ms\n$/);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`on ${signal} requests in flight are answered, no client is accepted, and the status is 0`, async () => {
    await using it = await serving(["--redis-timeout", "5"]);
    await it.ask("SET", "key", "value");
    using idle = await it.connect();
    assertEquals(await idle.exchange("PING\r\n", 7), "+PONG\r\n");
    it.redis.kill("SIGSTOP");
    using resp = await it.connect();
    using http = await it.connect();
    await resp.send("PING\r\n" + request("GET", "key"));
    assertEquals(await resp.text(7), "+PONG\r\n");
    await http.send("PUT /key HTTP/1.1\r\nHost: h\r\n\r\nGET /key HTTP/1.1\r\nHost: h\r\n\r\n");
    await http.until("wanted GET or HEAD\n");
    it.proxy.process.kill(signal);
    assertEquals(await idle.rest(), "");
    await until(async () => {
      try {
        (await it.connect()).close();
        return false;
      } catch {
        return true;
      }
    });
    it.redis.kill("SIGCONT");
    assertEquals(await resp.rest(), "$5\r\nvalue\r\n");
    assertMatch(await http.rest(), /^HTTP\/1\.1 200 [^]*\r\n\r\nvalue$/);
    resp.close();
    http.close();
    const { code } = await it.proxy.process.status;
    assertEquals(code, 0);
    assertMatch(
      it.proxy.process.stderr,
      new RegExp(`Stopping signal=${signal} .*\\n.*Stopped\\n$`),
    );
  });
}

Deno.test("a stop waits for requests no longer than --shutdown-timeout", async () => {
  await using it = await serving(["--redis-timeout", "10", "--shutdown-timeout", "0.2"]);
  it.redis.kill("SIGSTOP");
  using client = await it.connect();
  await client.send("PING\r\n" + request("GET", "key"));
  assertEquals(await client.text(7), "+PONG\r\n");
  const asked = performance.now();
  assertEquals(await it.proxy.process.stop(), 0);
  assert(performance.now() - asked < 2000);
});

Deno.test("a client that reads no reply does not block a stop", async () => {
  await using it = await serving(["--shutdown-timeout", "0.2"]);
  await it.ask("SET", "large", "v".repeat(30_000_000));
  using client = await it.connect();
  await client.send(request("GET", "large"));
  await client.until("\r\n");
  assertEquals(await it.proxy.process.stop(), 0);
});

Deno.test("a second signal ends at once", async () => {
  await using it = await serving(["--redis-timeout", "60", "--shutdown-timeout", "60"]);
  it.redis.kill("SIGSTOP");
  using client = await it.connect();
  await client.send("PING\r\n" + request("GET", "key"));
  assertEquals(await client.text(7), "+PONG\r\n");
  it.proxy.process.kill("SIGTERM");
  await it.proxy.process.logged(/Stopping/);
  const asked = performance.now();
  it.proxy.process.kill("SIGTERM");
  assertEquals((await it.proxy.process.status).code, 1);
  assert(performance.now() - asked < 2000);
});

Deno.test("the log is one event per line, in JSON on request", async () => {
  await using it = await serving(["--log-format", "json", "--log-level", "debug"]);
  await it.redis.stop();
  await it.proxy.process.logged(/No connection to Redis/);
  await it.proxy.process.stop();
  const { stderr, stdout } = it.proxy.process;
  const events = stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(stdout, "");
  const [start] = events;
  assertEquals([start.level, start.event, start.version], ["info", "Listening", manifest.version]);
  assertEquals([start.port, start.redis], [it.port, `redis://127.0.0.1:${it.redis.port}/0`]);
  assert("deno" in start && "address" in start && "cache-size" in start);
  assertEquals(events.map(({ event }) => event).slice(-2), ["Stopping", "Stopped"]);
});

Deno.test("a log that nobody reads does not stop the service", async () => {
  await using it = await serving();
  const folder = await Deno.makeTempDir({ prefix: "redis-proxy-log-" });
  try {
    const pipe = `${folder}/pipe`;
    await command("mkfifo", [pipe]);
    const child = new Deno.Command("sh", {
      args: ["-c", 'exec "$@" 2>"$0"', pipe, ...COMMAND].concat(
        ...["--listen-address", "127.0.0.1", "--port", "0", "--redis-port", `${it.redis.port}`],
      ),
      cwd: ROOT,
    }).spawn();
    // The only reader reads one line and leaves, so nobody reads later lines.
    const { stdout } = await command("head", ["-n", "1", pipe]);
    const port = Number(/ port=(\d+) /.exec(stdout)![1]);
    await it.redis.stop();
    await until(async () => /^ORIGINDOWN/m.test(await redisCli(port, "get", "key")));
    assertEquals(await redisCli(port, "ping"), "PONG\n");
    child.kill("SIGTERM");
    assertEquals((await child.status).code, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "the executable runs without PATH, HOME and DENO_DIR, and writes no files",
  ignore: Deno.env.has("RP_TEST_COMMAND"),
  async fn() {
    const executable = new URL("../../dist/redis-proxy", import.meta.url).pathname;
    const folder = await Deno.makeTempDir({ prefix: "redis-proxy-alone-" });
    try {
      await Deno.copyFile(executable, `${folder}/redis-proxy`);
      const child = new Deno.Command(`${folder}/redis-proxy`, {
        args: ["--listen-address", "127.0.0.1", "--port", "0", "--redis-port", `${freePort()}`],
        cwd: folder,
        clearEnv: true,
        stderr: "piped",
      }).spawn();
      const log = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
      assertEquals(await redisCli(await portOf(log), "ping"), "PONG\n");
      child.kill("SIGTERM");
      while (!(await log.read()).done);
      assertEquals((await child.status).code, 0);
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
      assertEquals(names, ["redis-proxy"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** Reads the log until it names the port. */
async function portOf(log: ReadableStreamDefaultReader<string>): Promise<number> {
  let text = "";
  while (!/ port=\d+ /.test(text)) text += (await log.read()).value ?? assert(false, text);
  return Number(/ port=(\d+) /.exec(text)![1]);
}
