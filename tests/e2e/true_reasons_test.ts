/**
 * The reason that a client gets if Redis cannot be read: it is Redis's own or ours, and it is true.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { freePort, startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { type RunningProxy, startProxy } from "../support/proxy.ts";
import { ask, curl, redisCli, serving, until } from "../support/serving.ts";

const ADMIN = ["--admin-port", "0", "--log-format", "json"];

async function adminPortOf({ process }: RunningProxy): Promise<number> {
  return Number((await process.logged(/Serving metrics.*"port":(\d+)/))[1]);
}

/** A Redis that loads its data for as long as the test wants. */
async function startLoading() {
  const redis = await startRedisServer({
    args: ["--enable-debug-command", "yes", "--loading-process-events-interval-bytes", "1024"],
  });
  using client = await RawClient.connect(redis.port);
  const values = Array.from({ length: 20_000 }, (_, index) => [`key:${index}`, "value"]).flat();
  await client.exchange(request("MSET", ...values), 5);
  await ask(redis.port, "CONFIG", "SET", "key-load-delay", "1000");
  const loader = await RawClient.connect(redis.port);
  await loader.send(request("DEBUG", "RELOAD"));
  await until(async () => (await ask(redis.port, "GET", "key:1")).startsWith("-LOADING"));
  return {
    redis,
    finish: () => ask(redis.port, "CONFIG", "SET", "key-load-delay", "0"),
    async [Symbol.asyncDispose]() {
      loader.close();
      await redis.stop();
    },
  };
}

for (const coherence of ["auto", "off"]) {
  Deno.test(`with --coherence ${coherence} a Redis that loads its data says so to clients at once`, async () => {
    await using it = await startLoading();
    await using proxy = await startProxy(it.redis.port, [...ADMIN, "--coherence", coherence], {
      awaitRedis: false,
    });
    const admin = await adminPortOf(proxy);
    using client = await RawClient.connect(proxy.port);
    for (let index = 0; index < 30; index++) {
      const asked = performance.now();
      await client.send(request("GET", `key:${index}`));
      assertMatch(
        await client.until("\r\n"),
        /^-LOADING \w+ is loading the dataset in memory\r\n$/,
      );
      assert(performance.now() - asked < 500, `${performance.now() - asked} ms`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const text = await curl(proxy.port, "/key:1", "-i");
    assertMatch(text, /^HTTP\/1\.1 503 [^]*Retry-After: \d+\r\n[^]*LOADING \w+ is loading/);
    assertMatch(await curl(admin, "/readyz"), /^LOADING \w+ is loading.*nothing is cached/);
    assert(!/Connected to Redis/.test(proxy.process.stderr));
    assertMatch(proxy.process.stderr, /"why":"LOADING \w+ is loading/);
    await it.finish();
    await until(async () => await redisCli(proxy.port, "get", "key:1") === "value\n");
  });
}

Deno.test("a Redis that loads its data again says so over the existing connection", async () => {
  await using it = await serving([], ["--enable-debug-command", "yes"]);
  await it.ask("CONFIG", "SET", "loading-process-events-interval-bytes", "1024");
  const values = Array.from({ length: 20_000 }, (_, index) => [`key:${index}`, "value"]).flat();
  assertEquals(await it.ask("MSET", ...values), "+OK");
  await it.ask("CONFIG", "SET", "key-load-delay", "1000");
  using loader = await RawClient.connect(it.redis.port);
  await loader.send(request("DEBUG", "RELOAD"));
  await until(async () => (await it.ask("GET", "key:1")).startsWith("-LOADING"));
  for (let index = 0; index < 10; index++) {
    assertMatch(await redisCli(it.port, "get", `key:${index}`), /^LOADING \w+ is loading/);
  }
  await it.ask("CONFIG", "SET", "key-load-delay", "0");
  await until(async () => await redisCli(it.port, "get", "key:1") === "value\n");
});

Deno.test("a replica without its master says so, even to clients that come while the proxy connects", async () => {
  await using redis = await startRedisServer();
  await ask(redis.port, "SET", "key", "value");
  await ask(redis.port, "CONFIG", "SET", "replica-serve-stale-data", "no");
  await ask(redis.port, "REPLICAOF", "127.0.0.1", `${freePort()}`);
  await using proxy = await startProxy(redis.port, ADMIN, { awaitRedis: false });
  await until(async () => /^MASTERDOWN /.test(await redisCli(proxy.port, "get", "key")));
  assertMatch(await curl(await adminPortOf(proxy), "/readyz"), /^MASTERDOWN /);
  await ask(redis.port, "REPLICAOF", "NO", "ONE");
  await until(async () => await redisCli(proxy.port, "get", "key") === "value\n");
  await ask(redis.port, "REPLICAOF", "127.0.0.1", `${freePort()}`);
  await until(async () => /^MASTERDOWN /.test(await redisCli(proxy.port, "get", "other")));
  await ask(redis.port, "REPLICAOF", "NO", "ONE");
  await until(async () => await redisCli(proxy.port, "get", "key") === "value\n");
});

Deno.test("a Redis without room for another client says so, and serves once it has", async () => {
  await using redis = await startRedisServer({ args: ["--maxclients", "2"] });
  await ask(redis.port, "SET", "key", "value");
  const others = await Promise.all([1, 2].map(() => RawClient.connect(redis.port)));
  for (const other of others) assertEquals(await other.exchange(request("PING"), 7), "+PONG\r\n");
  await using proxy = await startProxy(redis.port, [...ADMIN, "--coherence", "off"], {
    awaitRedis: false,
  });
  await until(async () =>
    /^ERR max number of clients reached/.test(await redisCli(proxy.port, "get", "key"))
  );
  assertMatch(proxy.process.stderr, /"why":"ERR max number of clients reached"/);
  for (const other of others) other.close();
  await until(async () => await redisCli(proxy.port, "get", "key") === "value\n");
  assertOwnWords(proxy);
});

/** Servers that listen in place of Redis, and the message that each must cause. */
const STRANGERS: readonly (readonly [
  name: string,
  serve: (conn: Deno.Conn) => unknown,
  why: RegExp,
  told?: RegExp,
])[] = [
  [
    "closes each connection",
    (conn) => conn.close(),
    /Redis closed the connection|ECONNRESET|reset/i,
  ],
  ["stays silent", () => {}, /no answer to GET within 300 ms/, /Redis does not answer/],
  [
    "speaks HTTP",
    async (conn) => {
      await conn.read(new Uint8Array(1024));
      await conn.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
    },
    /does not speak Redis's protocol/,
  ],
  [
    "answers with numbers",
    async (conn) => {
      await conn.read(new Uint8Array(1024));
      await conn.write(new TextEncoder().encode(":1\r\n".repeat(10)));
    },
    /GET was answered by number: wanted a Redis/,
  ],
];

for (const [name, serve, why, told = why] of STRANGERS) {
  Deno.test(`a server that ${name} in place of Redis is reported as what it is`, async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const conns: Deno.Conn[] = [];
    (async () => {
      for await (const conn of listener) {
        conns.push(conn);
        Promise.resolve(serve(conn)).catch(() => {});
      }
    })().catch(() => {});
    try {
      const flags = ["--redis-timeout", "0.3", ...ADMIN];
      await using proxy = await startProxy(listener.addr.port, flags, { awaitRedis: false });
      await until(async () => told.test(await redisCli(proxy.port, "get", "key")));
      assertMatch(await redisCli(proxy.port, "get", "key"), /^ORIGIN(DOWN|TIMEOUT) /);
      // A client may have run out of patience before the attempt to connect has failed.
      const admin = await adminPortOf(proxy);
      await until(async () => why.test(await curl(admin, "/readyz")));
      const line = new RegExp(
        `"level":"error","event":"No connection to Redis".*(${why.source})`,
        "i",
      );
      assertMatch(proxy.process.stderr, line);
      assertOwnWords(proxy);
    } finally {
      for (const conn of conns) {
        try {
          conn.close();
        } catch {
          // It was closed before.
        }
      }
    }
  });
}

Deno.test("a host that does not exist and a port that nobody listens on are errors in the log, with advice", async () => {
  for (
    const [url, why] of [
      ["redis://no-such-host.invalid", /no host is named no-such-host\.invalid/],
      [`redis://127.0.0.1:${freePort()}`, /ECONNREFUSED|refused/i],
    ] as const
  ) {
    await using proxy = await startProxy(null, ["--redis-url", url, ...ADMIN], {
      awaitRedis: false,
    });
    const [line] = await proxy.process.logged(/^.*"level":"error".*No connection to Redis.*$/m);
    const { why: told, advice } = JSON.parse(line);
    assertMatch(told, why);
    assertMatch(advice, /--redis-url, or --redis-host and --redis-port/);
    assertMatch(await redisCli(proxy.port, "get", "key"), why);
    assertMatch(await curl(await adminPortOf(proxy), "/readyz"), why);
    assertOwnWords(proxy);
  }
});

Deno.test("clients never get a message of the library, whatever happens to the connection", async () => {
  for (const coherence of ["auto", "off"]) {
    const redisPort = freePort();
    await using proxy = await startProxy(redisPort, ["--coherence", coherence, ...ADMIN], {
      awaitRedis: false,
    });
    using client = await RawClient.connect(proxy.port);
    const said = new Set<string>();
    for (let round = 0; round < 6; round++) {
      const redis = await startRedisServer({ port: redisPort });
      await until(async () => (await ask(proxy.port, "GET", `up:${round}`)) === "$-1");
      redis.kill(round % 2 === 0 ? "SIGKILL" : "SIGTERM");
      const gone = redis.stop();
      for (let index = 0; index < 50; index++) {
        await client.send(request("GET", `key:${round}:${index}`));
        const line = await client.until("\r\n");
        if (line !== "$-1\r\n") said.add(line);
        await new Promise((resolve) => setTimeout(resolve, 4));
      }
      await gone;
    }
    for (const line of said) {
      assertMatch(line, /^-ORIGINDOWN Redis is away: /);
      assert(!LIBRARY.test(line), line);
    }
    assertOwnWords(proxy);
  }
});

const LIBRARY =
  /Connection is closed|Stream isn't|enableOfflineQueue|Command queue|Please report|ioredis/;

/**
 * Checks that the output has only lines of our log, in the words of Redis, of the system or of our
 * own.
 */
function assertOwnWords({ process }: RunningProxy): void {
  for (const line of process.stderr.trimEnd().split("\n")) {
    assert(typeof JSON.parse(line).event === "string", line);
    assert(!LIBRARY.test(line), line);
  }
  assertEquals(process.stdout, "");
}
