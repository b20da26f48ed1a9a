// Clients that select a database other than that of the settings: each database has a cache of its
// own, and no client reads the keys of another one.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { RawClient, request } from "../support/client.ts";
import { callsOf, figure, redisCli, serving, until } from "../support/serving.ts";

type Client = Awaited<ReturnType<typeof RawClient.connect>>;

/** Sends a command, and returns the short reply. */
async function ask(client: Client, ...words: string[]): Promise<string> {
  await client.send(request(...words));
  const head = (await client.until("\r\n")).slice(0, -2);
  if (!head.startsWith("$") || head === "$-1") return head;
  return (await client.until("\r\n")).slice(0, -2);
}

/** A client of the proxy, or of Redis, that has selected a database. */
async function inDatabase(port: number, database: number): Promise<Client> {
  const client = await RawClient.connect(port);
  assertEquals(await ask(client, "SELECT", `${database}`), "+OK");
  return client;
}

Deno.test("each database has its own cache, and clients share the connections to it", async () => {
  await using it = await serving();
  for (const database of [0, 1, 15]) {
    await redisCli(it.redis.port, "-n", `${database}`, "set", "k", `value ${database}`);
  }
  const clients: Client[] = [];
  for (let round = 0; round < 5; round++) {
    for (const database of [1, 0, 15]) {
      const client = await inDatabase(it.port, database);
      clients.push(client);
      assertEquals(await ask(client, "GET", "k"), `value ${database}`);
      assertEquals(await ask(client, "SET", `own ${round}`, "1"), "+OK");
    }
  }
  assertEquals(await figure(it.port, "cache_misses"), 3);
  assertEquals(await figure(it.port, "cache_hits"), 12);
  assertMatch(await redisCli(it.port, "info", "cache"), /cache_databases:0,1,15\r/);
  // No client has a connection of its own.
  const list = await redisCli(it.redis.port, "client", "list");
  const names = [...list.matchAll(/ name=(\S*) /g)].map(([, name]) => name);
  assertEquals(names.filter((name) => name === "").length, 1, list);
  assertEquals(names.filter((name) => name === "redis-proxy-shared").length, 3, list);
  assertMatch(await redisCli(it.port, "client", "list"), / db=15 /);
  for (const client of clients) client.close();
});

Deno.test("a pipeline across databases gets the keys of each", async () => {
  await using it = await serving();
  using client = await RawClient.connect(it.port);
  for (let round = 0; round < 100; round++) {
    const words: string[][] = [];
    let replies = "";
    for (const database of [1, 0, 2, 1]) {
      words.push(["SELECT", `${database}`], ["SET", "k", `${database} ${round % 10}`]);
      words.push(["GET", "k"]);
      replies += `+OK\r\n+OK\r\n$3\r\n${database} ${round % 10}\r\n`;
    }
    for (const database of [0, 2, 1]) {
      words.push(["SELECT", `${database}`], ["GET", "k"]);
      replies += `+OK\r\n$3\r\n${database} ${round % 10}\r\n`;
    }
    const pipeline = words.map((command) => request(...command)).join("");
    assertEquals(await client.exchange(pipeline, replies.length), replies);
  }
});

Deno.test("a change by another client of Redis reaches the cache of its database", async () => {
  await using it = await serving();
  using client = await inDatabase(it.port, 3);
  using direct = await inDatabase(it.redis.port, 3);
  for (let round = 0; round < 50; round++) {
    assertEquals(await ask(direct, "SET", "k", `${round}`), "+OK");
    await until(async () => await ask(client, "GET", "k") === `${round}`);
    assertEquals(await ask(client, "GET", "k"), `${round}`);
  }
});

Deno.test("commands that change another database are seen there at once", async () => {
  await using it = await serving([], ["--enable-debug-command", "yes"]);
  using home = await RawClient.connect(it.port);
  using other = await inDatabase(it.port, 1);
  const both = async (inHome: string, inOther: string) => {
    assertEquals([await ask(home, "GET", "k"), await ask(other, "GET", "k")], [inHome, inOther]);
  };
  const script = "redis.call('SELECT', 1) return redis.call('SET', 'k', ARGV[1])";
  for (let round = 0; round < 100; round++) {
    const value = `v${round}`;
    await ask(home, "SET", "k", value);
    await ask(other, "SET", "k", "other");
    await both(value, "other");
    assertEquals(await ask(home, "COPY", "k", "k", "DB", "1", "REPLACE"), ":1");
    await both(value, value);
    await ask(other, "DEL", "k");
    await both(value, "$-1");
    assertEquals(await ask(home, "MOVE", "k", "1"), ":1");
    await both("$-1", value);
    assertEquals(await ask(home, "SWAPDB", "0", "1"), "+OK");
    await both(value, "$-1");
    assertEquals(await ask(home, "EVAL", script, "0", "script"), "+OK");
    await both(value, "script");
    assertEquals(await ask(other, "FLUSHDB"), "+OK");
    await both(value, "$-1");
    await ask(other, "SET", "k", "other");
    await both(value, "other");
    assertEquals(await ask(home, "FLUSHALL"), "+OK");
    await both("$-1", "$-1");
  }
});

Deno.test("a database that Redis does not have or does not allow gets its error, and nothing changes", async () => {
  await using it = await serving();
  using client = await inDatabase(it.port, 2);
  await ask(client, "SET", "k", "two");
  for (const wrong of ["16", "-1", "99999999999999999999", "x", ""]) {
    using direct = await RawClient.connect(it.redis.port);
    assertEquals(await ask(client, "SELECT", wrong), await ask(direct, "SELECT", wrong));
    assertEquals(await ask(client, "GET", "k"), "two");
  }
  assertEquals(await ask(client, "RESET"), "+RESET");
  assertEquals(await ask(client, "GET", "k"), "$-1");
});

Deno.test("a user without the right to select gets the error of Redis", async () => {
  await using it = await serving();
  await it.ask("ACL", "SETUSER", "default", "-select");
  using client = await RawClient.connect(it.port);
  assertMatch(await ask(client, "SELECT", "1"), /^-NOPERM /);
  assertEquals(await ask(client, "GET", "k"), "$-1");
  await it.ask("ACL", "SETUSER", "default", "+select");
  assertEquals(await ask(client, "SELECT", "1"), "+OK");
});

for (const count of [15, 16, 17, 18]) {
  Deno.test(`clients of ${count} other databases are served, cached or not`, async () => {
    await using it = await serving([], ["--databases", "32"]);
    const databases = Array.from({ length: count }, (_, index) => index + 1);
    for (const database of databases) {
      using client = await inDatabase(it.port, database);
      assertEquals(await ask(client, "SET", "k", `${database}`), "+OK");
    }
    for (const database of databases) {
      using client = await inDatabase(it.port, database);
      assertEquals(await ask(client, "GET", "k"), `${database}`);
      assertEquals(await ask(client, "GET", "k"), `${database}`);
    }
    assertEquals(await figure(it.port, "cache_hits"), Math.min(count, 16));
  });
}

Deno.test("many clients that select a new database at once open one cache of it", async () => {
  await using it = await serving();
  const clients = await Promise.all(Array.from({ length: 50 }, () => RawClient.connect(it.port)));
  const replies = await Promise.all(clients.map((client) => ask(client, "SELECT", "7")));
  assertEquals(new Set(replies), new Set(["+OK"]));
  assertMatch(await redisCli(it.port, "info", "cache"), /cache_databases:0,7\r/);
  for (const client of clients) client.close();
});

Deno.test("a selected database comes back after a restart of Redis", async () => {
  await using it = await serving(["--lease", "300ms"]);
  using client = await inDatabase(it.port, 4);
  await ask(client, "SET", "k", "v");
  assertEquals(await ask(client, "GET", "k"), "v");
  await it.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await until(async () => await ask(client, "GET", "k") === "v");
  assertEquals(await ask(client, "SET", "k", "w"), "+OK");
  assertEquals(await ask(client, "GET", "k"), "w");
  assert(await callsOf(it.redis.port, "getrange") >= 2);
});

Deno.test("PROXY PURGE drops the entries of all databases", async () => {
  await using it = await serving();
  using home = await RawClient.connect(it.port);
  using other = await inDatabase(it.port, 1);
  // A change of a key counts for all databases, as in the invalidations of Redis.
  for (const client of [home, other]) await ask(client, "SET", "k", "v");
  for (const client of [home, other]) assertEquals(await ask(client, "GET", "k"), "v");
  assertEquals(await redisCli(it.port, "proxy", "purge", "key", "k"), "2\n");
});

Deno.test("a client keeps its database as another user, who may not select it", async () => {
  await using it = await serving();
  await it.ask("ACL", "SETUSER", "bob", "on", ">secret", "~*", "+get", "+set");
  using client = await inDatabase(it.port, 9);
  await ask(client, "SET", "k", "nine");
  assertEquals(await ask(client, "AUTH", "bob", "secret"), "+OK");
  assertEquals(await ask(client, "GET", "k"), "nine");
  assertMatch(await ask(client, "DEL", "k"), /^-NOPERM /);
  assertEquals(await ask(client, "RESET"), "+RESET");
  assertEquals(await ask(client, "GET", "k"), "$-1");
});

Deno.test("SCRIPT KILL ends a script that was begun in another database", async () => {
  await using it = await serving([], ["--busy-reply-threshold", "20"]);
  using busy = await inDatabase(it.port, 9);
  using other = await inDatabase(it.port, 9);
  assertEquals(await ask(busy, "SET", "k", "v"), "+OK");
  await busy.send(request("EVAL", "while true do end", "0"));
  await until(async () => (await it.ask("GET", "k")).startsWith("-BUSY"));
  assertEquals(await ask(other, "SCRIPT", "KILL"), "+OK");
  assertMatch(await busy.until("\r\n"), /^-ERR .*killed/);
  assertEquals(await ask(other, "GET", "k"), "v");
});
