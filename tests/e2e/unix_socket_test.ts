// Unix sockets: to Redis, and for clients.
import { assertEquals, assertMatch } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { makeCertificate } from "../support/certificate.ts";
import { ProxyProcess, startProxy } from "../support/proxy.ts";
import { ask, redisCli, run, until } from "../support/serving.ts";

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

Deno.test("a socket that does not exist yet is tried again until Redis listens on it", async () => {
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

/** Starts a proxy on addresses, and waits until it listens and is connected to its Redis. */
async function listening(redisPort: number, addresses: string, ...flags: string[]) {
  const at = ["--listen-address", addresses, "--port", "0", "--redis-port", `${redisPort}`];
  const process = new ProxyProcess([...at, ...flags]);
  await process.logged(/Connected to Redis/);
  return process;
}

/** The output of redis-cli over a socket. */
async function cli(socket: string, ...command: string[]): Promise<string> {
  const { stdout, stderr } = await run("redis-cli", ["-s", socket, ...command]);
  return stdout + stderr;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

Deno.test("clients are served over a Unix socket in both protocols, and the proxy removes it when it ends", async () => {
  await withFolder(async (folder) => {
    const socket = `${folder}/proxy.sock`;
    await using redis = await startRedisServer();
    await redisCli(redis.port, "set", "key", "value");
    const process = await listening(redis.port, `unix://${socket}`);
    assertMatch(process.stderr, new RegExp(`Listening .* address=unix://${socket} `));
    assertEquals(process.stderr.includes("no password"), false);
    assertEquals(await cli(socket, "get", "key"), "value\n");
    const curl = await run("curl", ["-s", "--unix-socket", socket, "http://localhost/key"]);
    assertEquals(curl.stdout, "value");
    assertMatch(
      await cli(socket, "client", "list"),
      new RegExp(`addr=${socket}:0 laddr=${socket}:0 `),
    );
    // The proxy ends these connections in order.
    assertEquals(await cli(socket, "quit"), "OK\n");
    const last = ["-H", "Connection: close", "--unix-socket", socket, "http://localhost/key"];
    assertEquals((await run("curl", ["-s", ...last])).stdout, "value");
    assertEquals((await Deno.stat(socket)).mode! & 0o777, 0o700);
    assertEquals([await process.stop(), await exists(socket)], [0, false]);
  });
});

Deno.test("a Unix socket and a port are served side by side", async () => {
  await withFolder(async (folder) => {
    const socket = `${folder}/proxy.sock`;
    await using redis = await startRedisServer();
    await redisCli(redis.port, "set", "key", "value");
    const addresses = `unix://${socket},127.0.0.1,127.0.0.2`;
    await using process = await listening(redis.port, addresses, "--socket-mode", "660");
    const [, port] = await process.logged(/Listening .* port=(\d+)/);
    assertEquals(await cli(socket, "get", "key"), "value\n");
    assertEquals(await redisCli(Number(port), "get", "key"), "value\n");
    assertEquals(await redisCli(Number(port), "-h", "127.0.0.2", "get", "key"), "value\n");
    assertEquals((await Deno.stat(socket)).mode! & 0o777, 0o660);
  });
});

Deno.test("the socket of a process that was killed is replaced", async () => {
  await withFolder(async (folder) => {
    const socket = `${folder}/proxy.sock`;
    await using redis = await startRedisServer();
    const killed = await listening(redis.port, `unix://${socket}`);
    killed.kill("SIGKILL");
    await killed.status;
    assertEquals(await exists(socket), true);
    await using _next = await listening(redis.port, `unix://${socket}`);
    assertEquals(await cli(socket, "ping"), "PONG\n");
  });
});

Deno.test("a socket path in use is refused, and its owner keeps it", async () => {
  await withFolder(async (folder) => {
    const socket = `${folder}/proxy.sock`;
    const file = `${folder}/file`;
    await Deno.writeTextFile(file, "precious");
    await using redis = await startRedisServer();
    await using _first = await listening(redis.port, `unix://${socket}`);
    const refusal = async (path: string, ...flags: string[]) => {
      await using process = new ProxyProcess(["--listen-address", `unix://${path}`, ...flags]);
      assertEquals((await process.status).code, 2);
      return process.stderr;
    };
    const start = (path: string) => `Cannot listen on unix://${path}: wanted `;
    assertEquals(
      await refusal(socket),
      `${start(socket)}a free path, found a process that listens on it\n`,
    );
    assertEquals(
      await refusal(file),
      `${start(file)}a free path, found a file that is no socket\n`,
    );
    assertEquals(
      await refusal(file, "--reuse-port", "yes"),
      `${start(file)}a free path, found a file that is no socket\n`,
    );
    const nowhere = `${folder}/no/such/folder`;
    assertEquals(
      (await refusal(nowhere)).startsWith(`${start(nowhere)}a path where a socket can be made (`),
      true,
    );
    assertEquals(await cli(socket, "ping"), "PONG\n");
    assertEquals(await Deno.readTextFile(file), "precious");
  });
});

Deno.test("with --reuse-port a successor takes over the socket, and keeps it when the first one stops", async () => {
  await withFolder(async (folder) => {
    const socket = `${folder}/proxy.sock`;
    await using redis = await startRedisServer();
    const first = await listening(redis.port, `unix://${socket}`);
    await using _second = await listening(redis.port, `unix://${socket}`, "--reuse-port", "yes");
    assertEquals(await cli(socket, "ping"), "PONG\n");
    await first.stop();
    assertEquals(await cli(socket, "ping"), "PONG\n");
  });
});

Deno.test("healthcheck asks over the socket", async () => {
  await withFolder(async (folder) => {
    const address = ["--listen-address", `unix://${folder}/proxy.sock`];
    const check = async () => (await new ProxyProcess(["healthcheck", ...address]).status).code;
    await using redis = await startRedisServer();
    assertEquals(await check(), 1);
    await using _process = await listening(redis.port, address[1]!);
    assertEquals(await check(), 0);
  });
});

Deno.test("a socket beside a TLS port uses no TLS, and stays open when the certificate is read again", async () => {
  await withFolder(async (folder) => {
    const socket = `${folder}/proxy.sock`;
    const { cert, key } = await makeCertificate(folder, "one");
    await using redis = await startRedisServer();
    const tls = ["--tls-cert", cert, "--tls-key", key];
    await using process = await listening(redis.port, `127.0.0.1,unix://${socket}`, ...tls);
    const [, port] = await process.logged(/Listening .* port=(\d+)/);
    const secured = ["-p", port!, "--tls", "--insecure", "ping"];
    for (const _ of ["before", "after"]) {
      assertEquals(await cli(socket, "ping"), "PONG\n");
      assertEquals((await run("redis-cli", secured)).stdout, "PONG\n");
      process.kill("SIGHUP");
      await process.logged(/certificate=read|[Rr]ead again|Reloaded/);
    }
  });
});
