/** Keys that are read in one trip. Each is answered as if it were read alone. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { freePort, startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { adminPortOf, startProxy } from "../support/proxy.ts";
import { Relay } from "../support/relay.ts";
import { ask, callsOf, curl, figure, type Serving, serving, until } from "../support/serving.ts";
import { ALL_BYTES } from "../support/wire.ts";

const KB = 1024;
const MB = 1024 * KB;
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

const bulk = (value: string) => `$${value.length}\r\n${value}\r\n`;

/** A value of a given length, different for each seed. */
const valueOf = (length: number, seed: number) =>
  `${seed}:${ALL_BYTES}`.repeat(Math.ceil(length / 256)).slice(0, length);

/** Sends requests to a port at once, and compares the replies. */
async function exchange(port: number, requests: string, replies: string): Promise<void> {
  using client = await RawClient.connect(port);
  const got = await client.exchange(requests, replies.length);
  // Without the values, which may be megabytes.
  assert(got === replies, `${JSON.stringify(got.slice(0, 500))} instead`);
}

const set = (port: number, pairs: Record<string, string>) =>
  exchange(
    port,
    Object.entries(pairs).map((pair) => request("SET", ...pair)).join(""),
    "+OK\r\n".repeat(Object.keys(pairs).length),
  );

const get = (...keys: string[]) => keys.map((key) => request("GET", key)).join("");

/** How often Redis runs a command during some work. */
async function callsDuring(port: number, command: string, work: () => Promise<void>) {
  const before = await callsOf(port, command);
  await work();
  return await callsOf(port, command) - before;
}

/** Waits until nothing is in flight. */
async function atRest(port: number): Promise<void> {
  for (const name of ["origin_flights", "origin_permits", "origin_waiting", "origin_large_bytes"]) {
    await until(async () => await figure(port, name) === 0, 5000);
  }
}

/** The remaining time of a key as clients see it, in milliseconds. */
async function expiresIn(port: number, key: string): Promise<string> {
  using client = await RawClient.connect(port);
  await client.send(request("PROXY", "EXPLAIN", key) + request("PING"));
  const told = (await client.until("+PONG\r\n")).split("\r\n");
  return told[told.indexOf("expires-in") + 2]!;
}

/** Keys of every kind, stored in Redis, with GET's reply for each. */
async function everyKind(it: Serving): Promise<Record<string, string>> {
  const values: Record<string, string> = {
    plain: "value",
    empty: "",
    [`binary\r\n${ALL_BYTES}`]: ALL_BYTES,
    timed: "soon gone",
    large: valueOf(300 * KB, 1),
    "large and timed": valueOf(257 * KB, 2),
    pieces: valueOf(5 * MB, 3),
    ...Object.fromEntries(
      Array.from({ length: 6 }, (_, at) => [`medium:${at}`, valueOf(250 * KB, 10 + at)]),
    ),
  };
  await set(it.redis.port, values);
  await it.ask("RPUSH", "list", "1");
  await it.ask("PEXPIRE", "timed", "60000");
  await it.ask("PEXPIRE", "large and timed", "60000");
  await it.ask("PEXPIRE", "medium:5", "60000");
  const replies = Object.entries(values).map(([key, value]) => [key, bulk(value)]);
  return { ...Object.fromEntries(replies), missing: "$-1\r\n", list: WRONG_TYPE };
}

const TIMED = ["timed", "large and timed", "medium:5"];

for (
  const [method, ...forbidden] of [
    ["bounded"],
    ["timed", "-getrange"],
    ["timed", "-strlen"],
    ["plain", "-pttl"],
  ]
) {
  const rights = forbidden.join(" ") || "all rights";
  Deno.test(`misses of a pipeline are answered as by Redis, key by key, with ${rights}`, async () => {
    await using redis = await startRedisServer();
    if (forbidden.length > 0) await ask(redis.port, "ACL", "SETUSER", "default", ...forbidden);
    await using proxy = await startProxy(redis.port, ["--value-limit", "8mb"]);
    const it = { redis, port: proxy.port, ask: ask.bind(null, redis.port) } as unknown as Serving;
    const replies = await everyKind(it);
    const keys = Object.keys(replies);
    const gets = get(...keys);
    const all = Object.values(replies).join("");
    await exchange(redis.port, gets, all);
    const command = method === "bounded" ? "getrange" : "get";
    const calls = await callsDuring(redis.port, command, () => exchange(proxy.port, gets, all));
    assert(calls >= keys.length, `${calls} calls for ${keys.length} keys`);
    await atRest(proxy.port);
    // Again from the cache, except the list, whose error Redis gives again.
    const again = await callsDuring(redis.port, command, () => exchange(proxy.port, gets, all));
    assertEquals(again, 1);
    for (const key of keys) {
      const left = await expiresIn(proxy.port, key);
      if (key === "missing" || key === "list") continue;
      if (!TIMED.includes(key) || method === "plain") assertEquals(left, "never", key);
      else assert(Number(left) > 0 && Number(left) <= 60_000, `${key} expires in ${left}`);
    }
    // As in MGET, keys of other types are nil.
    const nils = Object.values(replies).map((reply) => reply[0] === "-" ? "$-1\r\n" : reply);
    const array = `*${keys.length}\r\n${nils.join("")}`;
    await using other = await startProxy(redis.port);
    await exchange(other.port, request("MGET", ...keys), array);
    await atRest(other.port);
  });
}

/** How often Redis reads requests off any connection during some work, this question included. */
async function readsDuring(port: number, work: () => Promise<void>): Promise<number> {
  const count = async () => {
    using client = await RawClient.connect(port);
    await client.send(request("INFO", "stats") + request("PING"));
    const stats = await client.until("+PONG\r\n");
    return Number(/total_reads_processed:(\d+)/.exec(stats)![1]);
  };
  const before = await count();
  await work();
  return await count() - before;
}

Deno.test("keys that miss in one turn are asked for in one write, however many they are", async () => {
  // No probe falls into what is counted.
  await using it = await serving([
    ...["--lease", "600", "--redis-timeout", "60"],
    ...["--read-only", "yes"], // Other connections are counted too.
  ]);
  const keys = Array.from({ length: 300 }, (_, index) => `key:${index}`);
  await set(it.redis.port, Object.fromEntries(keys.map((key) => [key, key])));
  const some = keys.slice(0, 40);
  const pipeline = () => exchange(it.port, get(...some), some.map(bulk).join(""));
  const array = `*260\r\n${keys.slice(40).map(bulk).join("")}`;
  const mget = () => exchange(it.port, request("MGET", ...keys.slice(40)), array);
  // The first bytes of an idle client go to a small buffer; Redis takes 16 KiB at a time.
  const [one, two] = [
    await readsDuring(it.redis.port, pipeline),
    await readsDuring(it.redis.port, mget),
  ];
  assert(one <= 4, `${one} reads for 40 keys`);
  assert(two <= 5, `${two} reads for 260 keys`);
});

Deno.test("a forbidden key gets Redis's own error, and the other keys are served", async () => {
  await using redis = await startRedisServer();
  const allowed = Array.from({ length: 5 }, (_, index) => `allowed:${index}`);
  const denied = ["denied:1", "denied:2"];
  await set(redis.port, Object.fromEntries([...allowed, ...denied].map((key) => [key, key])));
  await ask(redis.port, "ACL", "SETUSER", "default", "resetkeys", "%R~allowed:*");
  await using proxy = await startProxy(redis.port);
  const keys = [allowed[0]!, denied[0]!, ...allowed.slice(1), denied[1]!];
  const refusal = `${await ask(redis.port, "GET", denied[0]!)}\r\n`;
  assertMatch(refusal, /^-NOPERM /);
  const replies = keys.map((key) => denied.includes(key) ? refusal : bulk(key)).join("");
  await exchange(proxy.port, get(...keys), replies);
  const calls = await callsDuring(
    redis.port,
    "getrange",
    () => exchange(proxy.port, get(...allowed), allowed.map(bulk).join("")),
  );
  assertEquals(calls, 0, "what may be read is kept");
  await exchange(proxy.port, request("MGET", "allowed:new", ...denied), refusal);
  await exchange(
    proxy.port,
    request("MGET", "allowed:newer", ...allowed),
    `*6\r\n$-1\r\n${allowed.map(bulk).join("")}`,
  );
  await atRest(proxy.port);
});

Deno.test("an empty value is told from a missing key, also when it comes and goes", async () => {
  await using it = await serving(["--policy", "empty:*=off"]);
  await set(it.redis.port, { "empty:1": "", "empty:2": "" });
  const all = get("empty:1", "missing", "empty:2");
  await exchange(it.port, all, `${bulk("")}$-1\r\n${bulk("")}`);
  for (let round = 0; round < 20; round++) {
    await it.ask("SET", "empty:1", "", "PX", "1");
    using client = await it.connect();
    await client.send(get("empty:1").repeat(50) + request("PING"));
    assertMatch(await client.until("+PONG\r\n"), /^(\$0\r\n\r\n|\$-1\r\n)*\+PONG/);
  }
});

Deno.test("with one permit, pipelines and MGETs of several clients are served, also large values", async () => {
  const args = ["--client-limit", "1", "--queue-timeout", "10", "--large-memory", "2mb"];
  await using it = await serving(args);
  const values: Record<string, string> = {};
  for (let at = 0; at < 40; at++) values[`small:${at}`] = `value ${at}`;
  for (let at = 0; at < 8; at++) values[`large:${at}`] = valueOf(400 * KB, at);
  await set(it.redis.port, values);
  const keys = Object.keys(values);
  const replies = Object.values(values).map(bulk).join("");
  await Promise.all(
    Array.from(
      { length: 6 },
      (_, client) =>
        client % 2 === 0
          ? exchange(it.port, get(...keys), replies)
          : exchange(it.port, request("MGET", ...keys), `*${keys.length}\r\n${replies}`),
    ),
  );
  await atRest(it.port);
});

const LOST = { a: "1", b: "2", large: valueOf(6 * MB, 1), c: "3" };

/** A proxy behind a relay, and a client that requested four keys, one of them large. */
async function losing(isHeld: (pieces: number, connections: number) => boolean) {
  const redis = await startRedisServer();
  await set(redis.port, LOST);
  let port = redis.port;
  const relay = new Relay(() => port);
  const args = ["--lease", "20", "--redis-timeout", "5", "--queue-timeout", "5"];
  args.push("--admin-port", "0");
  const proxy = await startProxy(relay.port, args);
  // Once this is answered, the handshake has passed.
  await exchange(proxy.port, get("none"), "$-1\r\n");
  let pieces = 0;
  let wasHeld = false;
  relay.delay("data", () => {
    if (!isHeld(++pieces, relay.count("data"))) return 0;
    wasHeld = true;
    relay.freeze("data");
    return 0;
  });
  const client = await RawClient.connect(proxy.port);
  await client.send(get("a", "b", "large", "c"));
  const admin = await adminPortOf(proxy);
  return {
    client,
    port: proxy.port,
    /** INFO would go to Redis. */
    metrics: () => curl(admin, "/metrics"),
    /** Waits until a piece has been held back. */
    held: () => until(() => wasHeld),
    /** Waits until a piece has been held back, and cuts the connection. */
    async lose() {
      await until(() => wasHeld);
      relay.delay("data", () => 0);
      relay.cut("data");
      relay.thaw("data");
    },
    goAway() {
      port = freePort();
    },
    async [Symbol.asyncDispose]() {
      client.close();
      await proxy[Symbol.asyncDispose]();
      relay[Symbol.dispose]();
      await redis.stop();
    },
  };
}

Deno.test("a large value in flight delays no small one, and is read again if the connection is lost", async () => {
  await using it = await losing((_, connections) => connections > 1);
  assertEquals(await it.client.text(14), bulk("1") + bulk("2"));
  await it.held();
  assertMatch(await it.metrics(), /^redis_proxy_origin_permits_held 1$/m);
  await it.lose();
  const rest = bulk(LOST.large) + bulk("3");
  assert(await it.client.text(rest.length) === rest, "the large value, whole");
  await atRest(it.port);
});

Deno.test("a trip whose answer is lost with the connection is repeated, and clients do not notice", async () => {
  await using it = await losing(() => true);
  await it.lose();
  const all = Object.values(LOST).map(bulk).join("");
  assert(await it.client.text(all.length) === all, "all values, whole");
  await atRest(it.port);
});

Deno.test("a large value fails with a reason if Redis goes away, and leaves nothing behind", async () => {
  await using it = await losing((_, connections) => connections > 1);
  assertEquals(await it.client.text(14), bulk("1") + bulk("2"));
  await it.held();
  it.goAway();
  await it.lose();
  assertMatch(await it.client.until("\r\n"), /^-ORIGINDOWN /);
  assertEquals(await it.client.text(7), bulk("3"));
  await atRest(it.port);
});
