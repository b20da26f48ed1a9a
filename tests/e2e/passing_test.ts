// Commands that pass to Redis: order, transactions, large requests and replies, clients that leave.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { RawClient, request } from "../support/client.ts";
import { startProxy } from "../support/proxy.ts";
import { peakOf, redisCli, serving, until } from "../support/serving.ts";
import { startRedisServer } from "../../tools/redis_server.ts";
import { compare } from "../differential/compare.ts";

/** Returns the output of redis-cli. */
async function ask(port: number, ...words: string[]): Promise<string> {
  return (await redisCli(port, ...words)).trim();
}

/** Connections that Redis has from its own point of view, by a word in their line of CLIENT LIST. */
async function upstreams(redisPort: number, word: string | RegExp): Promise<number> {
  using client = await RawClient.connect(redisPort);
  await client.send(request("CLIENT", "LIST") + request("PING"));
  const list = await client.until("+PONG\r\n");
  return list.split("\n").filter((line) => line.search(word) >= 0).length;
}

Deno.test("random commands, transactions, waits and subscriptions get the same bytes as from Redis", async () => {
  await using expected = await startRedisServer();
  await using it = await serving();
  const { commands, differences } = await compare(expected.port, it.port, 12_000, 42);
  assertEquals(differences, []);
  assert(commands >= 12_000);
});

Deno.test("a GET after a write in the same pipeline sees the write", async () => {
  await using it = await serving();
  using client = await it.connect();
  for (let round = 0; round < 200; round++) {
    const value = `v${round}`.padEnd(5);
    const pipeline = request("GET", "k") + request("SET", "k", value) + request("GET", "k");
    const before = round === 0 ? "$-1\r\n" : `$5\r\n${`v${round - 1}`.padEnd(5)}\r\n`;
    const replies = `${before}+OK\r\n$5\r\n${value}\r\n`;
    assertEquals(await client.exchange(pipeline, replies.length), replies);
  }
});

Deno.test("requests that two clients send one after the other reach Redis in this order", async () => {
  await using it = await serving();
  using publisher = await it.connect();
  using subscriber = await it.connect();
  await publisher.exchange(request("PUBLISH", "c", "x"), 4);
  let late = 0;
  for (let round = 0; round < 100; round++) {
    await subscriber.send(request("SUBSCRIBE", "c"));
    await subscriber.until(":1\r\n");
    // Nobody waits for the confirmation. The order of two connections is never quite certain.
    await Promise.all([
      subscriber.send(request("UNSUBSCRIBE")),
      publisher.send(request("PUBLISH", "c", "x")),
    ]);
    if (await publisher.until("\r\n") !== ":0\r\n") late++;
    await subscriber.until(":0\r\n");
  }
  assert(late <= 10, `${late} of 100`);
});

Deno.test("every client reads the new value after another client has written it", async () => {
  await using it = await serving();
  using writer = await it.connect();
  using reader = await it.connect();
  for (let round = 0; round < 500; round++) {
    const value = String(round).padStart(4, "0");
    assertEquals(await writer.exchange(request("SET", "k", value), 5), "+OK\r\n");
    assertEquals(await reader.exchange(request("GET", "k"), 10), `$4\r\n${value}\r\n`);
  }
});

Deno.test("a transaction that arrives in one piece needs no private connection, and others do", async () => {
  await using it = await serving();
  using client = await it.connect();
  // With the first command, the proxy learns the commands of the server.
  assertEquals(await client.exchange(request("SET", "n", "0"), 5), "+OK\r\n");
  const whole = ["MULTI", "INCR n", "GET n", "EXEC"].map((one) => request(...one.split(" ")));
  const replies = "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n$1\r\n1\r\n";
  assertEquals(await client.exchange(whole.join(""), replies.length), replies);
  assertEquals(await upstreams(it.redis.port, "cmd=exec"), 1);
  const again = replies.replace(":1", ":2").replace("\n1\r", "\n2\r");
  for (const [index, part] of again.split(/(?<=OK\r\n|QUEUED\r\n)/).entries()) {
    assertEquals(await client.exchange(whole[index]!, part.length), part);
  }
  assertEquals(await upstreams(it.redis.port, "cmd=exec"), 2);
  client.close();
  await until(async () => await upstreams(it.redis.port, "cmd=exec") === 1);
});

Deno.test("a client that leaves while it waits in BLPOP takes nothing from the queue", async () => {
  await using it = await serving();
  const client = await it.connect();
  await client.send(request("BLPOP", "queue", "0"));
  await until(async () => await upstreams(it.redis.port, "cmd=blpop") === 1);
  client.close();
  await until(async () => await upstreams(it.redis.port, "cmd=blpop") === 0);
  assertEquals(await ask(it.port, "RPUSH", "queue", "job"), "1");
  assertEquals(await ask(it.redis.port, "LLEN", "queue"), "1");
});

Deno.test("a job that is pushed right after a waiting client has closed its connection stays in the queue", async () => {
  await using it = await serving();
  using pusher = await it.connect();
  await pusher.exchange(request("SET", "k", "v"), 5);
  for (let round = 0; round < 100; round++) {
    const client = await it.connect();
    await client.send(request("BLPOP", `q${round}`, "0"));
    await until(async () => await upstreams(it.redis.port, "cmd=blpop") === 1);
    client.close();
    assertEquals(await pusher.exchange(request("RPUSH", `q${round}`, "job"), 4), ":1\r\n");
    assertEquals(await it.ask("LLEN", `q${round}`), ":1", `round ${round}`);
    await until(async () => await upstreams(it.redis.port, "cmd=blpop") === 0);
  }
});

/** Requests that take an element, and what is left of 40. */
const TAKERS: Record<string, [requests: string, left: string[]]> = {
  BLPOP: [request("BLPOP", "q", "1"), ["LLEN", "q"]],
  BLMOVE: [request("BLMOVE", "q", "q2", "LEFT", "LEFT", "1"), ["LLEN", "q"]],
  BZPOPMIN: [request("BZPOPMIN", "z", "1"), ["ZCARD", "z"]],
  "BLPOP in a transaction": [
    request("MULTI") + request("BLPOP", "q", "1") + request("EXEC"),
    ["LLEN", "q"],
  ],
  "BLPOP between others": [
    request("SET", "a", "1") + request("BLPOP", "q", "1") + request("GET", "a"),
    ["LLEN", "q"],
  ],
};

for (const [name, [requests, left]] of Object.entries(TAKERS)) {
  Deno.test(`a client that ends its side right after its requests gets what they take: ${name}`, async () => {
    await using it = await serving();
    for (let index = 0; index < 40; index++) {
      await it.ask("RPUSH", "q", `job${index}`);
      await it.ask("ZADD", "z", `${index}`, `job${index}`);
    }
    for (let round = 0; round < 40; round++) {
      using client = await it.connect();
      await client.send(requests);
      await client.conn.closeWrite();
      assertMatch(await client.rest(), new RegExp(`job${round}\\r\\n`));
    }
    assertEquals(await it.ask(...left), ":0");
  });
}

Deno.test("a client that ends its side while it waits in BLPOP is disconnected, and takes nothing", async () => {
  await using it = await serving();
  using client = await it.connect();
  await client.send(request("BLPOP", "queue", "0"));
  await until(async () => await upstreams(it.redis.port, "cmd=blpop") === 1);
  await client.conn.closeWrite();
  assertEquals(await client.rest(), "");
  assertEquals(await ask(it.port, "RPUSH", "queue", "job"), "1");
  assertEquals(await ask(it.redis.port, "LLEN", "queue"), "1");
});

Deno.test("requests with many arguments are answered on a private connection too", async () => {
  await using it = await serving();
  using client = await it.connect();
  assertEquals(await client.exchange(request("WATCH", "k"), 5), "+OK\r\n");
  // Parsing pauses in the middle of such a request, although all of it has come.
  const keys = Array<string>(9000).fill("k");
  assertEquals(await client.exchange(request("DEL", ...keys), 4), ":0\r\n");
  assertEquals(await client.exchange("\r\n".repeat(3000) + request("INCR", "n"), 4), ":1\r\n");
});

Deno.test("no private connection is left after 50 clients with state have gone", async () => {
  await using it = await serving();
  await ask(it.port, "SET", "k", "v");
  const before = await upstreams(it.redis.port, "id=");
  const commands = ["WATCH k", "SUBSCRIBE c", "MULTI", "MONITOR", "CLIENT TRACKING ON"]
    .map((command) => command.split(" "));
  const clients = await Promise.all(Array.from({ length: 50 }, async (_, index) => {
    const client = await it.connect();
    await client.send(request(...commands[index % commands.length]!));
    await client.until("\r\n");
    return client;
  }));
  assertEquals(await upstreams(it.redis.port, "id="), before + 50);
  for (const client of clients) client.close();
  await until(async () => await upstreams(it.redis.port, "id=") === before);
});

Deno.test("beyond --max-upstreams, a client gets an error and its connection ends", async () => {
  await using it = await serving(["--max-upstreams", "1"]);
  using first = await it.connect();
  assertEquals(await first.exchange(request("WATCH", "k"), 5), "+OK\r\n");
  using second = await it.connect();
  await second.send(request("MULTI"));
  await second.send(request("SET", "k", "v"));
  assertEquals(await second.rest(), "-ERR max number of clients reached\r\n");
  assertEquals(await ask(it.redis.port, "EXISTS", "k"), "0");
});

Deno.test("a request larger than --max-request passes as it arrives, in bounded memory", async () => {
  await using it = await serving(["--max-request", "1mb"]);
  using client = await it.connect();
  const length = 60_000_000;
  await client.send(`*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$${length}\r\n`);
  const piece = new Uint8Array(1_000_000).fill(120);
  for (let sent = 0; sent < length; sent += piece.length) await client.send(piece);
  await client.send(`\r\n${request("INCR", "n")}`);
  assertEquals(await client.text(9), "+OK\r\n:1\r\n");
  assertEquals(await ask(it.redis.port, "STRLEN", "big"), `${length}`);
  const peak = await peakOf(it.proxy.process.pid);
  assert(peak < 250e6, `${peak} bytes`);
});

Deno.test("a denied command gets an error with its name, and makes its transaction fail", async () => {
  await using it = await serving(["--deny", "keys,@geo", "--allow", "client|pause"]);
  assertMatch(await ask(it.port, "SHUTDOWN"), /^NOPERM .*'shutdown'/);
  assertMatch(await ask(it.port, "KEYS", "*"), /^NOPERM .*'keys'/);
  assertMatch(await ask(it.port, "GEOADD", "g", "1", "2", "m"), /^NOPERM .*'geoadd'/);
  assertEquals(await ask(it.port, "CLIENT", "PAUSE", "0"), "OK");
  using client = await it.connect();
  await client.send(
    ["MULTI", "SET k v", "KEYS *", "EXEC"].map((one) => request(...one.split(" "))).join(""),
  );
  assertMatch(await client.until("errors.\r\n"), /^\+OK\r\n\+QUEUED\r\n-NOPERM .*\r\n-EXECABORT /);
  assertEquals(await ask(it.redis.port, "EXISTS", "k"), "0");
  // Each refusal is counted, and the first one of a command is logged.
  const info = await ask(it.port, "INFO", "proxy");
  assertMatch(info, /^proxy_commands_refused:4\r$/m);
  assertEquals(it.proxy.process.stderr.match(/Refused a command.* command=keys/g)?.length, 1);
});

Deno.test("a proxy with a password lets in only clients that have it, whatever Redis accepts", async () => {
  await using redis = await startRedisServer();
  await ask(redis.port, "ACL", "SETUSER", "anybody", "on", "nopass", "~*", "+@all");
  await using proxy = await startProxy(redis.port, [], { env: { RP_PASSWORD: "secret" } });
  for (const words of [["AUTH", "x"], ["AUTH", "default", "x"], ["AUTH", "anybody", "x"]]) {
    assertMatch(await ask(proxy.port, ...words), /^WRONGPASS /);
  }
  using client = await RawClient.connect(proxy.port);
  await client.send(request("SET", "k", "v"));
  assertEquals(await client.until("\r\n"), "-NOAUTH Authentication required.\r\n");
  // Once it is logged in, it may continue as another user of Redis.
  assertEquals(await client.exchange(request("AUTH", "secret"), 5), "+OK\r\n");
  assertEquals(await client.exchange(request("AUTH", "anybody", "x"), 5), "+OK\r\n");
  assertEquals(await client.exchange(request("ACL", "WHOAMI"), 13), "$7\r\nanybody\r\n");
});

Deno.test("clients that leave without reading long replies leave nothing behind, and delay nobody", async () => {
  await using it = await serving(["--reply-memory", "1mb"]);
  const item = "x".repeat(1000);
  for (let part = 0; part < 10; part++) {
    await ask(it.redis.port, "RPUSH", "list", ...Array<string>(1000).fill(item));
  }
  using other = await it.connect();
  assertEquals(await other.exchange(request("SET", "n", "0"), 5), "+OK\r\n");
  const clients = await Promise.all(Array.from({ length: 5 }, async () => {
    const client = await it.connect();
    await client.send(request("LRANGE", "list", "0", "-1").repeat(3));
    return client;
  }));
  assertEquals(await other.exchange(request("INCR", "n"), 4), ":1\r\n");
  for (const client of clients) client.close();
  await until(async () => /^proxy_clients:2\r$/m.test(await ask(it.port, "INFO", "proxy")));
  // No connection to Redis is left that nobody reads from.
  await until(async () => {
    await other.exchange(request("TYPE", "n"), 9);
    return await upstreams(it.redis.port, "cmd=lrange") === 0;
  });
});

Deno.test("a client that ends its side after its last request gets the replies", async () => {
  await using it = await serving();
  for (const commands of [["SELECT 1", "SET k v", "GET k"], ["MULTI", "INCR n", "EXEC", "PING"]]) {
    const client = await it.connect();
    await client.send(commands.map((one) => request(...one.split(" "))).join(""));
    await client.conn.closeWrite();
    const replies = await client.rest();
    assertMatch(replies, /(\$1\r\nv\r\n|\+PONG\r\n)$/);
  }
});

Deno.test("CLIENT REPLY and PROXY take effect at no other time than in Redis: in a transaction and while subscribed", async () => {
  await using it = await serving();
  const talk = async (port: number, requests: string[]) => {
    using client = await RawClient.connect(port);
    await client.send([...requests, "QUIT"].map((one) => request(...one.split(" "))).join(""));
    await client.conn.closeWrite();
    return (await client.rest()).replace(/(id\r\n):\d+/, "$1");
  };
  for (
    const requests of [
      ["MULTI", "CLIENT REPLY ON", "SET a 1", "EXEC"],
      ["MULTI", "CLIENT REPLY MAYBE", "EXEC"],
      ["MULTI", "CLIENT REPLY OFF", "SET a 1", "EXEC", "SET a 2", "CLIENT REPLY ON", "GET a"],
      ["MULTI", "SET a 1", "CLIENT REPLY OFF", "EXEC", "GET a"],
      ["MULTI", "GET a", "CLIENT REPLY SKIP", "GET a", "EXEC", "GET a", "GET a", "TYPE a"],
      ["MULTI", "CLIENT REPLY OFF", "SET a 1", "DISCARD", "GET a", "CLIENT REPLY OFF", "GET a"],
      ["MULTI", "GET a", "CLIENT REPLY SKIP", "EXEC", "GET a", "RESET", "GET a", "HELLO 2"],
      [
        "MULTI",
        "CLIENT REPLY OFF",
        "CLIENT REPLY ON",
        "GET a",
        "CLIENT REPLY SKIP",
        "EXEC",
        "PING",
      ],
      ["MULTI", "CLIENT REPLY OFF", "CLIENT ID", "EXEC", "WATCH a", "CLIENT REPLY ON", "EXEC"],
      ["MULTI", `GET a${"b".repeat(200_000)}`, "CLIENT REPLY SKIP", "EXEC", "GET a", "PING"],
      [
        "WATCH b",
        "CLIENT SETNAME z",
        "HELLO 3",
        "SUBSCRIBE c",
        "CLIENT REPLY SKIP",
        "PING",
        "RESET",
      ],
      ["WATCH b", "MULTI", "HELLO 3", "EXEC", "SUBSCRIBE c", "CLIENT REPLY SKIP", "PING", "GET a"],
      ["MULTI", "PING", "UNSUBSCRIBE", "PUBLISH c x", "EXEC", "SET a 1", "GET a"],
      ["HELLO 3", "MULTI", "PING", "SUBSCRIBE c d", "UNSUBSCRIBE c", "EXEC", "GET a"],
      ["MULTI", "x".repeat(100), "SET a 1", "EXEC", "x".repeat(100), "GET a"],
      ["MULTI", "CLIENT REPLY OFF", "NOSUCH", "EXEC", "GET a", "CLIENT REPLY ON", "GET a"],
      ["HELLO 3", "MULTI", "CLIENT REPLY SKIP", "EXEC", "GET a", "CLIENT REPLY ON", "PING"],
      ["SUBSCRIBE c", "CLIENT REPLY ON", "CLIENT REPLY OFF", "CLIENT REPLY SKIP", "PING"],
    ]
  ) {
    assertEquals(await talk(it.port, requests), await talk(it.redis.port, requests), `${requests}`);
  }
  const replies = await talk(it.port, ["MULTI", "PROXY FRESHNESS forced", "SET a 1", "EXEC"]);
  assertMatch(replies, /^\+OK\r\n-ERR .*: not supported\r\n\+QUEUED\r\n-EXECABORT/);
});

Deno.test("CLIENT REPLY leaves out what Redis would leave out, in transactions too", async () => {
  await using expected = await startRedisServer();
  await using it = await serving();
  const conversations = [
    ["CLIENT REPLY OFF", "MULTI", "SET b 1", "EXEC", "CLIENT REPLY ON", "GET b"],
    ["MULTI", "EXEC", "CLIENT REPLY SKIP", "CLIENT SETNAME z", "ECHO end"],
    ["WATCH b", "CLIENT REPLY SKIP", "CLIENT SETNAME z", "GET b"],
    ["CLIENT REPLY SKIP", "RESET", "ECHO end"],
    [...["CLIENT REPLY OFF", "MULTI", "GET b", "CLIENT REPLY ON", "GET b", "EXEC", "ECHO end"]],
    [...["CLIENT REPLY OFF", "MULTI", "CLIENT REPLY ON", "CLIENT REPLY SKIP", "GET b", "EXEC"]]
      .concat("ECHO 1", "ECHO 2"),
    ["CLIENT REPLY OFF", "MULTI", "CLIENT REPLY ON", "GET", "EXEC", "GET b", "CLIENT REPLY ON"],
    ["CLIENT REPLY OFF", "MULTI", "CLIENT REPLY ON", "DISCARD", "GET b", "CLIENT REPLY ON"],
    ["CLIENT REPLY SKIP", "MULTI", "CLIENT REPLY ON", "GET b", "EXEC", "ECHO end"],
    ["CLIENT REPLY OFF", "MULTI", "CLIENT REPLY SKIP", "EXEC", "RESET", "ECHO end"],
    ["MULTI", "CLIENT REPLY SKIP", "CLIENT REPLY OFF", "EXEC", "RESET", "ECHO end"],
    ["MULTI", "CLIENT REPLY SKIP", "CLIENT REPLY OFF", "EXEC", "CLIENT REPLY ON", "PING"]
      .concat("CLIENT REPLY ON"),
    ["MULTI", "CLIENT REPLY OFF", "EXEC", "MULTI", "CLIENT REPLY ON", "EXEC", "ECHO end"],
    ["CLIENT REPLY OFF", "MULTI", "GET b", "SUBSCRIBE c", "EXEC", "CLIENT REPLY ON", "PING"]
      .concat("UNSUBSCRIBE c", "CLIENT REPLY ON", "PING"),
    ["CLIENT REPLY OFF", "SUBSCRIBE c", "CLIENT REPLY ON", "UNSUBSCRIBE", "CLIENT REPLY ON"],
    ["CLIENT REPLY SKIP", "SET b 2", "GET b"],
  ];
  for (const commands of conversations) {
    const text = [...commands, "QUIT"].map((one) => request(...one.split(" "))).join("");
    const [wanted, found] = await Promise.all([expected.port, it.port].map(async (port) => {
      using client = await RawClient.connect(port);
      await client.send(text);
      return await client.rest();
    }));
    assertEquals(found, wanted, commands.join("; "));
  }
});

Deno.test("a message that another client publishes right after SUBSCRIBE arrives, before any confirmation", async () => {
  await using it = await serving();
  using publisher = await it.connect();
  // Connections for clients of each version of the protocol are opened in advance.
  const clients = { "PING": 2, "HELLO 3": 3, "CLIENT SETNAME reader": 2 };
  for (const [hello, version] of Object.entries(clients)) {
    // Its last command before it is ready; of two, one has the reply, too.
    const spare = new RegExp(`redis-proxy-spare.* cmd=client\\|id .*resp=${version}`);
    for (let round = 0; round < 20; round++) {
      using subscriber = await it.connect();
      await subscriber.send(request(...hello.split(" ")));
      await subscriber.until("\r\n");
      await until(async () => await upstreams(it.redis.port, spare) > 1);
      await Promise.all([
        subscriber.send(request("SUBSCRIBE", "news")),
        publisher.send(request("PUBLISH", "news", "now")),
      ]);
      assertEquals(await publisher.until("\r\n"), ":1\r\n", `${hello}, round ${round}`);
      await subscriber.until("now\r\n");
    }
  }
});

Deno.test("an entry that another client adds right after XREAD BLOCK arrives", async () => {
  await using it = await serving();
  using writer = await it.connect();
  assertEquals(await writer.exchange(request("PING"), 7), "+PONG\r\n");
  for (let round = 0; round < 20; round++) {
    await until(async () => {
      return await upstreams(it.redis.port, /redis-proxy-spare.* cmd=client\|id /) > 1;
    });
    using reader = await it.connect();
    assertEquals(await reader.exchange(request("PING"), 7), "+PONG\r\n");
    await Promise.all([
      reader.send(request("XREAD", "BLOCK", "5000", "STREAMS", "s", "$")),
      writer.send(request("XADD", "s", `${round + 1}-0`, "f", "v")),
    ]);
    await reader.until(`${round + 1}-0\r\n`);
    await writer.until(`${round + 1}-0\r\n`);
  }
});

Deno.test("the stream after SYNC passes unchanged, if SYNC is allowed", async () => {
  await using it = await serving(["--allow", "sync"], ["--repl-diskless-sync", "no"]);
  const follow = async (port: number) => {
    using replica = await RawClient.connect(port);
    await it.ask("SET", "k", "before");
    await replica.send("SYNC\r\n");
    await replica.until("before"); // In the snapshot, which is no reply.
    await it.ask("SET", "k", "during");
    const snapshot = await replica.until("$3\r\nSET\r\n$1\r\nk\r\n$6\r\nduring\r\n");
    await it.ask("SET", "k", "after");
    await replica.send(request("REPLCONF", "ACK", "1"));
    return snapshot.slice(-40) + await replica.until("after\r\n");
  };
  assertEquals(await follow(it.port), await follow(it.redis.port));
});

Deno.test("SCRIPT DEBUG reaches Redis alone, and RESET keeps the name of the library, as in Redis 7.2", async () => {
  await using it = await serving(["--allow", "script|debug"]);
  using debugging = await it.connect();
  assertEquals(await debugging.exchange(request("SCRIPT", "DEBUG", "NO"), 5), "+OK\r\n");
  using client = await it.connect();
  await client.send(request("CLIENT", "SETINFO", "LIB-NAME", "x") + request("RESET"));
  assertEquals(await client.text(13), "+OK\r\n+RESET\r\n");
  await client.send(request("CLIENT", "INFO"));
  await client.until("lib-name=x ");
});

Deno.test("a client that quits over its own connection gets all replies, whatever it sends after QUIT", async () => {
  await using it = await serving();
  const echo = "e".repeat(60_000);
  for (let round = 0; round < 5; round++) {
    using client = await it.connect();
    const requests = request("WATCH", "k") + request("ECHO", echo).repeat(50) + request("QUIT");
    // Nobody reads the requests after QUIT.
    const sent = client.send(requests + request("PING").repeat(50_000)).catch(() => {});
    const replies = `+OK\r\n${`$60000\r\n${echo}\r\n`.repeat(50)}+OK\r\n`;
    await new Promise((resolve) => setTimeout(resolve, 50));
    const text = await client.rest();
    assertEquals(text.length, replies.length);
    assert(text === replies);
    await sent;
  }
});

Deno.test("replies stay in order around commands with several confirmations, or none for a channel", async () => {
  await using direct = await startRedisServer();
  await using it = await serving();
  const pipelines = [
    "UNSUBSCRIBE a b;BLPOP none 0.05;RESET;ECHO end",
    "UNSUBSCRIBE a b;BLPOP none 0.05;CLIENT REPLY SKIP;GET k;ECHO end",
    "SUBSCRIBE a b c;UNSUBSCRIBE;BLPOP none 0.05;RESET;ECHO end",
    "SUBSCRIBE a b;PSUBSCRIBE p q r;UNSUBSCRIBE;PUNSUBSCRIBE;INCR n;RESET;ECHO end",
    "SUBSCRIBE a a;UNSUBSCRIBE a a;PUNSUBSCRIBE x y z;WATCH k;MULTI;GET k;EXEC;ECHO end",
    "PUNSUBSCRIBE;SUNSUBSCRIBE;UNSUBSCRIBE;INCR n;MULTI;INCR n;EXEC;ECHO end",
    "SSUBSCRIBE a b;SUBSCRIBE c;SUNSUBSCRIBE;UNSUBSCRIBE;INCR n;ECHO end",
  ];
  for (const hello of ["HELLO 2", "HELLO 3"]) {
    for (const pipeline of pipelines) {
      const commands = pipeline.split(";").map((one) => request(...one.split(" "))).join("");
      const [wanted, found] = await Promise.all([direct.port, it.port].map(async (port) => {
        using client = await RawClient.connect(port);
        await client.send(request("DEL", "n") + request(...hello.split(" ")));
        await client.until("modules");
        await client.send(commands + request("QUIT"));
        // UNSUBSCRIBE without names ends them in any order.
        return (await client.rest()).replaceAll(/\$1\r\n[a-z]\r\n/g, "(name)");
      }));
      assertEquals(found, wanted, `${hello}: ${pipeline}`);
    }
  }
});

Deno.test("a client gets no error for a write that Redis may execute once it wakes up", async () => {
  await using it = await serving(["--redis-timeout", "0.3"]);
  using ready = await it.connect();
  await ready.exchange(request("INCR", "other"), 4);
  for (const pipeline of ["WATCH z;INCR n", "WATCH z;MULTI;INCR n;EXEC"]) {
    await until(async () => {
      return await upstreams(it.redis.port, /redis-proxy-spare.* cmd=client\|id /) > 1;
    });
    using client = await it.connect();
    it.redis.kill("SIGSTOP");
    try {
      const commands = pipeline.split(";").map((one) => request(...one.split(" ")));
      await client.send(commands.join(""));
      assertEquals(await client.rest(), "", pipeline);
    } finally {
      it.redis.kill("SIGCONT");
    }
  }
});
