import { assert, assertEquals, assertMatch } from "@std/assert";
import { Redis } from "ioredis";
import { Buffer } from "node:buffer";
import { RawClient, request } from "../support/client.ts";
import { redisCli, serving } from "../support/serving.ts";
import { ALL_BYTES } from "../support/wire.ts";

const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;

Deno.test("redis-cli reads values, missing keys and errors as from Redis", async () => {
  await using it = await serving();
  await it.ask("SET", "key", "value");
  await it.ask("SET", "empty", "");
  await it.ask("RPUSH", "list", "1");
  const cli = (...command: string[]) => redisCli(it.port, ...command);
  assertEquals(await cli("get", "key"), "value\n");
  assertEquals(await cli("get", "empty"), "\n");
  assertEquals(await cli("get", "none"), "\n");
  assertEquals(await cli("--no-raw", "get", "none"), "(nil)\n");
  assertEquals(
    await cli("--no-raw", "mget", "key", "none", "empty", "list", "key"),
    [
      '1) "value"\n2) (nil)\n3) ""\n4) (nil)\n5) "value"\n',
    ].join(""),
  );
  assertEquals(await cli("ping"), "PONG\n");
  assertEquals(await cli("echo", "two words"), "two words\n");
  assertMatch(
    await cli("get", "list"),
    /WRONGTYPE Operation against a key holding the wrong kind of value/,
  );
  assertMatch(await cli("flubb", "key"), /ERR unknown command 'flubb', with args beginning with:/);
  assertMatch(await cli("get"), /ERR wrong number of arguments for 'get' command/);
});

Deno.test("ioredis reads all bytes of values and keys through its natural pipeline", async () => {
  await using it = await serving();
  const direct = new Redis({ port: it.redis.port, protocol: 2 });
  const client = new Redis({ port: it.port, protocol: 2, enableReadyCheck: false });
  try {
    const key = Buffer.from(ALL_BYTES, "latin1");
    const values = new Map<string, Buffer>();
    for (let index = 0; index < 200; index++) {
      values.set(`key:${index}`, Buffer.alloc(index * index, key));
    }
    await direct.set(key, Buffer.from(key).reverse());
    await Promise.all([...values].map(([name, value]) => direct.set(name, value)));
    for (const round of ["misses", "hits"]) {
      assertEquals(await client.getBuffer(key), Buffer.from(key).reverse(), round);
      const found = await Promise.all([...values.keys()].map((name) => client.getBuffer(name)));
      assert([...values.values()].every((value, index) => value.equals(found[index]!)), round);
      assertEquals(await client.mgetBuffer("key:2", "none"), [values.get("key:2")!, null], round);
    }
  } finally {
    client.disconnect();
    direct.disconnect();
  }
});

Deno.test("10,000 pipelined requests are answered exactly and in order, with hits, misses and errors", async () => {
  await using it = await serving();
  await it.ask("RPUSH", "list", "1");
  {
    using redis = await RawClient.connect(it.redis.port);
    const sets = Array.from(
      { length: 500 },
      (_, index) => request("SET", `k${index}`, `v${index}`),
    );
    await redis.send(sets.join(""));
    await redis.text(500 * 5);
  }
  const wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
  const parts = Array.from({ length: 10_000 }, (_, index): [string, string] => {
    const at = (index * 7919) % 1000;
    switch (index % 5) {
      case 3:
        return ["PING\r\n", "+PONG\r\n"];
      case 4:
        return index % 2 === 0 ? [request("GET", "list"), wrong] : [request("NOPE"), ""];
      default:
        return [request("GET", `k${at}`), at < 500 ? bulk(`v${at}`) : "$-1\r\n"];
    }
  });
  const unknown = "-ERR unknown command 'NOPE', with args beginning with: \r\n";
  const wanted = parts.map(([, reply]) => reply || unknown).join("");
  using client = await it.connect();
  for (const round of ["cold", "warm"]) {
    const [got] = await Promise.all([
      client.text(wanted.length),
      client.send(parts.map(([bytes]) => bytes).join("")),
    ]);
    assert(got === wanted, `other bytes ${round}`);
  }
});

Deno.test("a pipeline that arrives byte by byte is answered", async () => {
  await using it = await serving();
  await it.ask("SET", "key", "value");
  using client = await it.connect();
  for (const byte of request("GET", "key") + "get key\r\n" + request("MGET", "key", "none")) {
    await client.send(byte);
  }
  const wanted = `${bulk("value").repeat(2)}*2\r\n${bulk("value")}$-1\r\n`;
  assertEquals(await client.text(wanted.length), wanted);
});

Deno.test("a protocol error gets Redis's own error, after the replies before it", async () => {
  await using it = await serving();
  using client = await it.connect();
  await client.send("PING\r\n*1\r\n+PING\r\nPING\r\n");
  assertEquals(await client.rest(), "+PONG\r\n-ERR Protocol error: expected '$', got '+'\r\n");
});

Deno.test("QUIT is answered, and ends the connection", async () => {
  await using it = await serving();
  using client = await it.connect();
  await client.send("PING\r\nQUIT\r\nPING\r\n");
  assertEquals(await client.rest(), "+PONG\r\n+OK\r\n");
});
