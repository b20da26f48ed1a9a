// The replies that a client gets if Redis refuses, or if connections to Redis end, while its
// commands are in flight.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { startProxy } from "../support/proxy.ts";
import { Relay } from "../support/relay.ts";
import { ask, figure, redisCli, serving, until } from "../support/serving.ts";

const SHARED = request("INCR", "n");
const OWN = request("WATCH", "n");

for (const [name, before] of [["shared", SHARED], ["own", OWN]] as const) {
  Deno.test(`a client whose write is lost on its ${name} connection is disconnected, and not told "not done"`, async () => {
    await using redis = await startRedisServer();
    using relay = new Relay(() => redis.port);
    await using proxy = await startProxy(relay.port);
    using client = await RawClient.connect(proxy.port);
    await client.send(before);
    await client.until("\r\n");
    relay.freeze("lane");
    await client.send(request("SET", "k", "v") + request("GET", "k"));
    // The requests wait in the relay, so nobody knows whether Redis will execute them.
    await until(() => relay.count("lane") > 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    relay.cut("lane");
    assertEquals(await client.rest(), "");
    relay.thaw("lane");
    using next = await RawClient.connect(proxy.port);
    assertEquals(await next.exchange(request("SET", "k", "w"), 5), "+OK\r\n");
    assertEquals(await next.exchange(request("GET", "k"), 7), "$1\r\nw\r\n");
  });
}

Deno.test("an end of the shared connection that the proxy was not told is found, and a client that waits is kept", async () => {
  await using redis = await startRedisServer();
  using relay = new Relay(() => redis.port);
  await using proxy = await startProxy(relay.port, ["--redis-timeout", "0.5"]);
  using client = await RawClient.connect(proxy.port);
  using waiting = await RawClient.connect(proxy.port);
  assertEquals(await client.exchange(SHARED, 4), ":1\r\n");
  await until(() => relay.count("lane") >= 5);
  relay.halfOpen("lane");
  // They get the connections that were opened in advance, and lost too, and then new ones.
  const others = await Promise.all(Array.from({ length: 8 }, () => RawClient.connect(proxy.port)));
  for (const other of others) await other.send(request("WATCH", "k"));
  await until(() => relay.count("lane") >= 9);
  await client.send(request("INCR", "k"));
  // It begins after the shared connection has lost its other end.
  await waiting.send(request("BLPOP", "q", "0"));
  assertEquals(await client.rest(), "");
  const ends = await Promise.all(
    others.map((other) => other.until("\r\n").catch(({ message }) => message.slice(0, 16))),
  );
  const known = new Set([
    "Connection ended",
    "-ORIGINTIMEOUT Redis does not answer\r\n",
    "+OK\r\n",
  ]);
  assert(ends.every((end) => known.has(end)), ends.join());
  await until(async () => await ask(proxy.port, "RPUSH", "q", "job") === ":1");
  assertEquals(await waiting.until("job\r\n"), "*2\r\n$1\r\nq\r\n$3\r\njob\r\n");
});

Deno.test("a shared connection over which nothing comes any more is replaced", async () => {
  await using redis = await startRedisServer();
  using relay = new Relay(() => redis.port);
  await using proxy = await startProxy(relay.port, ["--redis-timeout", "0.5"]);
  using writer = await RawClient.connect(proxy.port);
  using reader = await RawClient.connect(proxy.port);
  assertEquals(await writer.exchange(SHARED, 4), ":1\r\n");
  relay.silence("lane");
  await writer.send(request("INCR", "k"));
  await reader.send(request("HLEN", "h"));
  // Nobody knows whether Redis has executed the write. The read is sent once more.
  assertEquals(await writer.rest(), "");
  assertEquals(await reader.text(4), ":0\r\n");
  assertEquals(await ask(proxy.port, "INCR", "other"), ":1");
});

Deno.test("a shared connection that waits during CLIENT PAUSE or a slow command is kept", async () => {
  await using redis = await startRedisServer({ args: ["--enable-debug-command", "yes"] });
  await using proxy = await startProxy(redis.port, ["--redis-timeout", "0.2"]);
  using client = await RawClient.connect(proxy.port);
  assertEquals(await client.exchange(SHARED, 4), ":1\r\n");
  for (const kind of ["WRITE", "ALL"]) {
    assertEquals(await ask(redis.port, "CLIENT", "PAUSE", "2500", kind), "+OK");
    assertEquals(
      await client.exchange(request("INCR", "k"), 4),
      kind === "WRITE" ? ":1\r\n" : ":2\r\n",
    );
  }
  // During this command, Redis answers nobody.
  await Promise.all([
    ask(redis.port, "DEBUG", "SLEEP", "2"),
    new Promise((resolve) => setTimeout(resolve, 100))
      .then(() => client.exchange(request("INCR", "k"), 4))
      .then((reply) => assertEquals(reply, ":3\r\n")),
  ]);
});

Deno.test("a read that is lost on the shared connection is sent once more", async () => {
  await using redis = await startRedisServer();
  using relay = new Relay(() => redis.port);
  await using proxy = await startProxy(relay.port);
  using client = await RawClient.connect(proxy.port);
  assertEquals(await client.exchange(request("RPUSH", "l", "a"), 4), ":1\r\n");
  relay.freeze("lane");
  await client.send(request("LLEN", "l"));
  await new Promise((resolve) => setTimeout(resolve, 50));
  relay.cut("lane");
  relay.thaw("lane");
  assertEquals(await client.text(4), ":1\r\n");
});

Deno.test("clients continue after a restart of Redis, and read no value from before it", async () => {
  const redis = await startRedisServer();
  await using proxy = await startProxy(redis.port);
  using client = await RawClient.connect(proxy.port);
  assertEquals(await client.exchange(request("SET", "k", "v"), 5), "+OK\r\n");
  assertEquals(await client.exchange(request("GET", "k"), 7), "$1\r\nv\r\n");
  redis.kill("SIGKILL");
  await redis.stop();
  await client.send(request("SET", "k", "away"));
  assertMatch(await client.until("\r\n"), /^-.*Redis is away/);
  await using again = await startRedisServer({ port: redis.port });
  assertEquals(again.port, redis.port);
  let answer = "";
  await until(async () => {
    await client.send(request("EXISTS", "k"));
    answer = await client.until("\r\n");
    return !answer.startsWith("-");
  });
  assertEquals(answer, ":0\r\n");
  await until(async () => await ask(proxy.port, "SET", "k", "new") === "+OK");
  assertEquals(await client.exchange(request("GET", "k"), 9), "$3\r\nnew\r\n");
});

Deno.test("errors of Redis pass as they are, over both kinds of connection", async () => {
  await using it = await serving();
  await it.ask(
    "ACL",
    "SETUSER",
    "reader",
    "on",
    ">pw",
    "~r:*",
    "+@read",
    "+auth",
    "+select",
    "+watch",
  );
  const told = async (prefix: string[][], words: string[]) => {
    const replies: string[] = [];
    for (const port of [it.redis.port, it.port]) {
      using client = await RawClient.connect(port);
      for (const one of prefix) {
        await client.send(request(...one));
        await client.until("\r\n");
      }
      await client.send(request(...words));
      replies.push(await client.until("\r\n"));
    }
    assertEquals(replies[1], replies[0]);
    return replies[1]!;
  };
  for (const prefix of [[], [["WATCH", "n"]]]) {
    await it.ask("CONFIG", "SET", "maxmemory", "1");
    assertMatch(await told(prefix, ["SET", "k", "v"]), /^-OOM /);
    await it.ask("CONFIG", "SET", "maxmemory", "0");
    await it.ask("REPLICAOF", "127.0.0.1", "1");
    assertMatch(await told(prefix, ["SET", "k", "v"]), /^-READONLY /);
    await it.ask("REPLICAOF", "NO", "ONE");
    await it.ask("CONFIG", "SET", "min-replicas-to-write", "1");
    assertMatch(await told(prefix, ["SET", "k", "v"]), /^-NOREPLICAS /);
    await it.ask("CONFIG", "SET", "min-replicas-to-write", "0");
  }
  assertMatch(await told([["AUTH", "reader", "pw"]], ["SET", "r:k", "v"]), /^-NOPERM /);
  assertMatch(await told([["AUTH", "reader", "pw"]], ["GET", "other"]), /^-NOPERM /);
});

Deno.test("10,000 requests at once, reads that are cached between writes, are answered in order", async () => {
  await using it = await serving();
  using client = await it.connect();
  let sent = "";
  let wanted = "";
  for (let index = 0; index < 2500; index++) {
    const value = String(index).padStart(4, "0");
    sent += request("GET", "cached") + request("SET", "k", value) + request("GET", "k");
    sent += request("GET", "cached");
    wanted += `$1\r\nc\r\n+OK\r\n$4\r\n${value}\r\n$1\r\nc\r\n`;
  }
  assertEquals(await client.exchange(request("SET", "cached", "c"), 5), "+OK\r\n");
  const sending = client.send(sent);
  assertEquals(await client.text(wanted.length), wanted);
  await sending;
});

Deno.test("a client that tracks keys itself is told of changes, and reads past the cache", async () => {
  await using it = await serving();
  using client = await it.connect();
  using writer = await it.connect();
  assertEquals(await writer.exchange(request("SET", "k", "1"), 5), "+OK\r\n");
  assertEquals(await writer.exchange(request("GET", "k"), 7), "$1\r\n1\r\n");
  await client.send(
    request("HELLO", "3") + request("CLIENT", "TRACKING", "ON") + request("ECHO", "on"),
  );
  await client.until("$2\r\non\r\n");
  for (let round = 0; round < 50; round++) {
    await client.send(request("GET", "k"));
    await client.until("\r\n");
    await client.until("\r\n");
    await writer.exchange(request("SET", "k", `${round % 10}`), 5);
    assertEquals(await client.until("k\r\n"), ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
  }
});

Deno.test("clients that leave at any byte of their requests leave nothing behind", async () => {
  await using it = await serving();
  assertEquals(await ask(it.port, "SET", "k", "v"), "+OK");
  const connections = async () => {
    using client = await RawClient.connect(it.redis.port);
    await client.send(request("CLIENT", "LIST") + request("ECHO", "the end"));
    return (await client.until("the end\r\n")).match(/^id=|\nid=/g)!.length;
  };
  // INFO takes a connection that then stays.
  await figure(it.port, "proxy_clients");
  const before = await connections();
  const talk = [
    ...[["GET", "k"], ["INCR", "n"], ["MULTI"], ["SET", "k", "w"], ["EXEC"], ["WATCH", "k"]],
    ...[["SELECT", "3"], ["SUBSCRIBE", "c"], ["UNSUBSCRIBE"], ["SELECT", "0"], ["RESET"]],
    ...[["EVAL", "return 1", "0"], ["BLPOP", "q", "0"], ["QUIT"]],
  ].map((one) => request(...one)).join("");
  for (let length = 1; length <= talk.length; length += 3) {
    const client = await RawClient.connect(it.port);
    await client.send(talk.slice(0, length));
    // Some leave at once, others after the first reply.
    if (length % 2 === 0 && length > 30) await client.until("\r\n");
    client.close();
  }
  // The proxy and Redis see the end of a connection in any order. The one client left is the one
  // that asks.
  await until(async () =>
    await figure(it.port, "proxy_clients") === 1 &&
    await figure(it.port, "proxy_upstreams") === 0 &&
    await connections() === before
  );
  assertEquals(await ask(it.port, "RPUSH", "q", "job"), ":1");
  assertEquals(await it.ask("LLEN", "q"), ":1");
});

Deno.test("a client whose own connection is lost in the middle of its pipeline delays nobody", async () => {
  await using it = await serving();
  using other = await it.connect();
  for (const last of ["RESET", "HELLO 3", "CLIENT REPLY ON", "QUIT", "PROXY FRESHNESS"]) {
    using client = await it.connect();
    await client.send(request("WATCH", "k"));
    await client.until("+OK\r\n");
    const rest = ["BLPOP q 0", "ECHO x", last, "GET k", "ECHO y", last];
    await client.send(rest.map((line) => request(...line.split(" "))).join(""));
    await until(async () => /cmd=blpop/.test(await redisCli(it.redis.port, "CLIENT", "LIST")));
    const list = await redisCli(it.redis.port, "CLIENT", "LIST");
    const id = /^id=(\d+) .*cmd=blpop/m.exec(list)![1]!;
    assertEquals(await it.ask("CLIENT", "KILL", "ID", id), ":1");
    await client.rest();
    assertEquals(await other.exchange(request("PING"), 7), "+PONG\r\n", last);
  }
});
