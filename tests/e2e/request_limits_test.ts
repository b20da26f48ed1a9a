// The limits of requests are those of the redis-server behind the proxy, on the same bytes.
import { Buffer } from "node:buffer";
import { assertEquals, assertMatch } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { serving } from "../support/serving.ts";

const MANY = 1_048_577;
/** A command with a million keys: too many to spread. */
const many = (name: string) =>
  `*${MANY + 1}\r\n$${name.length}\r\n${name}\r\n${"$1\r\nk\r\n".repeat(MANY)}`;
const long = (bytes: number) => "k".repeat(bytes);
const END = request("INCRBY", "the end", "0");

/** Whole requests, each with what it shows. */
const WHOLE: Readonly<Record<string, () => string>> = {
  "MGET of more than a million keys": () => many("MGET"),
  "EXISTS of more than a million keys": () => many("EXISTS"),
  "DEL of more than a million keys": () => many("DEL"),
  "PING with more than a million arguments": () => many("PING"),
  "an unknown command with many arguments": () => request("NOSUCH", ...Array(2000).fill("k")),
  "GET with too many arguments": () => request("GET", ...Array(1500).fill("k")),
  "GET of a long key": () => request("GET", long(200_000)),
  "GET of a very long key": () => request("GET", long(20_000_000)),
  "STRLEN of a long key": () => request("STRLEN", long(200_000)),
  "GETRANGE of a long key": () => request("GETRANGE", long(200_000), "0", "-1"),
  "MGET of a long key": () => request("MGET", "a", long(200_000)),
  "EXISTS of a long key": () => request("EXISTS", "a", long(200_000)),
  "ECHO of a long text": () => request("ECHO", long(300_000)),
  "ECHO of a very long text": () => request("ECHO", long(20_000_000)),
  "PING of a long text": () => request("PING", long(300_000)),
  "PING of two long texts": () => request("PING", long(300_000), long(300_000)),
};

/** The beginnings of requests that end the connection, or do not. */
const BEGUN = [
  ...["*2147483647\r\n", "*2147483648\r\n", `*${MANY}\r\n`],
  ...[
    "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n",
    "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870913\r\n",
  ],
  ...["*2\r\n$3\r\nGET\r\n$536870912\r\n", "*2\r\n$3\r\nGET\r\n$536870913\r\n"],
  ...["*1\r\n$536870913\r\n", "*2\r\n$4\r\nECHO\r\n$536870913\r\n"],
];

/** Receives up to the reply to `END`, and returns the beginning and a digest of all of it. */
async function digest({ conn }: RawClient): Promise<string> {
  const parts: Uint8Array[] = [];
  const limit = setTimeout(() => conn.close(), 20_000);
  let tail = "";
  for (const piece = new Uint8Array(2 ** 20); !tail.endsWith("\r\n:0\r\n");) {
    const count = await conn.read(piece).catch(() => null);
    if (count === null) break;
    parts.push(piece.slice(0, count));
    tail = (tail + Buffer.from(piece.subarray(0, count)).toString("latin1")).slice(-6);
  }
  clearTimeout(limit);
  const all = Buffer.concat(parts);
  const hash = await crypto.subtle.digest("SHA-256", all);
  return `${all.toString("latin1", 0, 100)} ${all.length} ${Buffer.from(hash).toString("hex")}`;
}

Deno.test("large requests get the replies of redis-server, and the connection goes on", async () => {
  await using expected = await startRedisServer();
  await using it = await serving();
  for (const [name, make] of Object.entries(WHOLE)) {
    const bytes = Buffer.from(make() + END, "latin1");
    for (const warm of ["", request("GET", "a")]) {
      const [wanted, found] = await Promise.all([expected.port, it.port].map(async (port) => {
        using client = await RawClient.connect(port);
        if (warm !== "") await client.exchange(warm, 5);
        const received = digest(client);
        await client.send(bytes).catch(() => {});
        return await received;
      }));
      assertEquals(found, wanted, name);
    }
  }
});

Deno.test("a request is refused where redis-server refuses it", async () => {
  await using expected = await startRedisServer();
  await using it = await serving();
  await it.ask("SET", "k", "v");
  const replies = (port: number, all: readonly string[]) =>
    Promise.all(all.map(async (bytes) => {
      using client = await RawClient.connect(port);
      await client.send(bytes);
      const limit = setTimeout(() => client.close(), 1000);
      return await client.rest().catch(() => "goes on").finally(() => clearTimeout(limit));
    }));
  assertEquals(await replies(it.port, BEGUN), await replies(expected.port, BEGUN));
});

Deno.test("a longest argument that is configured in Redis holds here too", async () => {
  await using expected = await startRedisServer({ args: ["--proto-max-bulk-len", "1mb"] });
  await using it = await serving([], ["--proto-max-bulk-len", "1mb"]);
  // The first command has the proxy learn of it.
  using first = await it.connect();
  assertEquals(await first.exchange(request("SET", "a", "b"), 5), "+OK\r\n");
  for (const length of [2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1]) {
    for (const words of [["SET", "k", long(length)], ["GET", long(length)]]) {
      const [wanted, found] = await Promise.all([expected.port, it.port].map(async (port) => {
        using client = await RawClient.connect(port);
        await client.send(request(...words)).catch(() => {});
        return await client.until("\r\n");
      }));
      assertEquals(found, wanted, `${words[0]} ${length}`);
      assertMatch(found!, length > 2 ** 20 ? /invalid bulk length/ : /^[+$]/);
    }
  }
});
