// A slow request of one client, and the other clients on its shared connection.
import { assertEquals, assertMatch } from "@std/assert";
import { RawClient, request } from "../support/client.ts";
import { redisCli, type Serving, serving, until } from "../support/serving.ts";

const ENDLESS = request("EVAL", "while true do end", "0");
const BUSY = /^-BUSY Redis is busy running a script/;

/** Connects a client in this version of the protocol and this database. */
async function client(it: Serving, version: number, database: number): Promise<RawClient> {
  const connected = await it.connect();
  await connected.send(request("HELLO", `${version}`) + request("SELECT", `${database}`));
  await connected.send(request("ECHO", "ready"));
  await connected.until("ready\r\n");
  // Its shared connection is open.
  await line(connected, "HGET", "none", "f");
  return connected;
}

/** The first line of a reply. */
async function line(connected: RawClient, ...words: string[]): Promise<string> {
  await connected.send(request(...words));
  return await connected.until("\r\n");
}

/** The number of the proxy's shared connections, as Redis sees them. */
async function sharedAt(port: number): Promise<number> {
  const list = await redisCli(port, "CLIENT", "LIST");
  return [...list.matchAll(/ name=redis-proxy-shared /g)].length;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 250));
}

for (const database of [0, 9]) {
  Deno.test(`other clients get BUSY during a script that runs for ever, in database ${database}`, async () => {
    await using it = await serving([], ["--busy-reply-threshold", "10"]);
    using slow = await client(it, 2, database);
    using killer = await client(it, 2, database);
    using others = {
      all: [await client(it, 2, database), await client(it, 3, database)],
      [Symbol.dispose]() {
        this.all.forEach((one) => one[Symbol.dispose]());
      },
    };
    await slow.send(ENDLESS);
    await until(async () => BUSY.test(await it.ask("GET", "k")));
    for (const other of others.all) {
      // Perhaps right behind the script.
      await other.send(request("HGET", "h", "f") + request("HLEN", "h"));
      for (let count = 2; count > 0; count--) assertMatch(await other.until("\r\n"), BUSY);
      assertMatch(await line(other, "HGET", "h", "f"), BUSY);
      assertMatch(await line(other, "SET", "k", "v"), BUSY);
      assertMatch(await line(other, "GET", "missing"), BUSY);
      assertMatch(await line(other, "EVAL", "return 1", "0"), BUSY);
    }
    // Nobody has used this database before. Its client stays connected.
    using late = await it.connect();
    await late.send(request("SELECT", "5") + request("SET", "k", "v") + request("SELECT", "5"));
    for (let count = 3; count > 0; count--) assertMatch(await late.until("\r\n"), BUSY);
    // Those of the same client wait, as Redis would let them wait.
    await slow.send(request("SET", "k", "slow") + request("GET", "k"));
    assertEquals(await line(killer, "SCRIPT", "KILL"), "+OK\r\n");
    assertMatch(await slow.until("\r\n"), /^-ERR.*Script killed/);
    assertEquals(await slow.text(15), "+OK\r\n$4\r\nslow\r\n");
    for (const other of others.all) assertEquals(await line(other, "SET", "k", "v"), "+OK\r\n");
    assertEquals(await line(late, "SELECT", "5"), "+OK\r\n");
    // The connections that were opened during the script have a name, too.
    const shared = Number(database > 0) + 2;
    await until(async () => await sharedAt(it.redis.port) === shared);
  });
}

Deno.test("reads are answered while writes of other clients wait because of CLIENT PAUSE", async () => {
  await using it = await serving(["--allow", "client|pause"]);
  using writer = await client(it, 2, 0);
  using reader = await client(it, 2, 0);
  using pauser = await client(it, 2, 0);
  assertEquals(await line(reader, "HSET", "h", "f", "v"), ":1\r\n");
  assertEquals(await line(pauser, "CLIENT", "PAUSE", "60000", "WRITE"), "+OK\r\n");
  await writer.send(request("SET", "k", "1") + request("GET", "k") + request("INCR", "k"));
  // Right behind the write, and later.
  for (let count = 0; count < 3; count++) {
    assertEquals(await reader.exchange(request("HGET", "h", "f"), 7), "$1\r\nv\r\n");
    await pause();
  }
  await writer.send(request("HGET", "h", "f") + request("INCR", "k"));
  assertEquals(await line(pauser, "CLIENT", "UNPAUSE"), "+OK\r\n");
  assertEquals(await writer.text(27), "+OK\r\n$1\r\n1\r\n:2\r\n$1\r\nv\r\n:3\r\n");
  assertEquals(await reader.exchange(request("GET", "k"), 7), "$1\r\n3\r\n");
});
