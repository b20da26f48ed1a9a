import { assert, assertEquals, assertMatch } from "@std/assert";
import { RawClient, request } from "../support/client.ts";
import { type Serving, serving } from "../support/serving.ts";

const MB = 1024 * 1024;
const SIZE = 100 * MB;
const FLAGS = ["--value-limit", "1mb", "--read-only"];

/** Stores a value that shows its positions: the byte at `index` is `index % 251`. */
async function store(it: Serving, key: string, size: number): Promise<void> {
  const piece = new Uint8Array(251 * 1000);
  for (let index = 0; index < piece.length; index++) piece[index] = index % 251;
  using redis = await RawClient.connect(it.redis.port);
  await redis.send(`*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${size}\r\n`);
  for (let sent = 0; sent < size; sent += piece.length) {
    await redis.send(piece.subarray(0, Math.min(piece.length, size - sent)));
  }
  assertEquals(await redis.exchange("\r\n", 5), "+OK\r\n");
}

function bytesAt(from: number, length: number): string {
  return String.fromCharCode(...Array.from({ length }, (_, index) => (from + index) % 251));
}

/** Bytes that redis-server has sent so far. */
async function sentBy(it: Serving): Promise<number> {
  using redis = await RawClient.connect(it.redis.port);
  await redis.send("INFO stats\r\nQUIT\r\n");
  return Number(/total_net_output_bytes:(\d+)/.exec(await redis.rest())![1]);
}

/** A range of the value over HTTP. */
async function rangeOf(
  it: Serving,
  range: string,
  ...fields: string[]
): Promise<{ head: string; body: string }> {
  using client = await it.connect();
  const lines = [`Range: bytes=${range}`, ...fields].map((line) => `${line}\r\n`).join("");
  await client.send(`GET /big HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${lines}\r\n`);
  const head = await client.until("\r\n\r\n");
  return { head, body: await client.rest() };
}

Deno.test("a range of a value that is too large to cache reads only its bytes", async () => {
  await using it = await serving(FLAGS);
  await store(it, "big", SIZE);
  const before = await sentBy(it);
  const ranges: [range: string, from: number, length: number][] = [
    ["0-1023", 0, 1024],
    ["50000000-50000999", 50_000_000, 1000],
    [`${SIZE - 10}-`, SIZE - 10, 10],
    ["-10", SIZE - 10, 10],
    [`${SIZE - 1}-999999999999`, SIZE - 1, 1],
  ];
  for (const [range, from, length] of ranges) {
    const { head, body } = await rangeOf(it, range);
    assertMatch(head, /^HTTP\/1\.1 206 /, range);
    assert(
      head.includes(`\r\nContent-Range: bytes ${from}-${from + length - 1}/${SIZE}\r\n`),
      head,
    );
    assertEquals(body, bytesAt(from, length), range);
  }
  const beyond = await rangeOf(it, `${SIZE}-`);
  assertMatch(beyond.head, /^HTTP\/1\.1 416 [^]*\r\nContent-Range: bytes \*\/104857600\r\n/);
  const sent = await sentBy(it) - before;
  assert(sent < MB, `Redis sent ${sent} bytes`);
});

Deno.test("GETRANGE, STRLEN and EXISTS of a value that is too large to cache read no more than they need", async () => {
  await using it = await serving(FLAGS);
  await store(it, "big", SIZE);
  const before = await sentBy(it);
  using client = await it.connect();
  const cases: [command: string[], reply: string][] = [
    [["STRLEN", "big"], `:${SIZE}\r\n`],
    [["EXISTS", "big", "none", "big"], ":2\r\n"],
    [["GETRANGE", "big", "7", "9"], `$3\r\n${bytesAt(7, 3)}\r\n`],
    [["GETRANGE", "big", "-2", "-1"], `$2\r\n${bytesAt(SIZE - 2, 2)}\r\n`],
    [["GETRANGE", "big", `${SIZE}`, `${SIZE + 5}`], "$0\r\n\r\n"],
    [["GETRANGE", "big", "5", "2"], "$0\r\n\r\n"],
  ];
  for (const [command, reply] of cases) {
    assertEquals(await client.exchange(request(...command), reply.length), reply, `${command}`);
  }
  const sent = await sentBy(it) - before;
  assert(sent < MB, `Redis sent ${sent} bytes`);
});

Deno.test("a range with a condition on the tag gets the tag, of all bytes", async () => {
  await using it = await serving(FLAGS);
  await store(it, "big", 5 * MB);
  const { head, body } = await rangeOf(it, "1-3", 'If-None-Match: "x"');
  const tag = /^ETag: (.*)\r$/m.exec(head)![1]!;
  assertEquals(body, bytesAt(1, 3));
  const same = await rangeOf(it, "1-3", `If-Range: ${tag}`);
  assertMatch(same.head, /^HTTP\/1\.1 206 /);
  assertEquals(same.body, bytesAt(1, 3));
  const other = await rangeOf(it, "1-3", 'If-Range: "x"');
  assertMatch(other.head, /^HTTP\/1\.1 200 /);
  assertEquals(other.body.length, 5 * MB);
});

Deno.test("ranges and whole reads of a large value at the same moment all get their bytes", async () => {
  await using it = await serving(FLAGS);
  await store(it, "big", 5 * MB);
  const whole = async () => {
    using client = await it.connect();
    await client.send(request("STRLEN", "big") + request("GET", "big"));
    assertEquals(await client.until("\r\n"), `:${5 * MB}\r\n`);
    assertEquals(await client.until("\r\n"), `$${5 * MB}\r\n`);
    const bytes = await client.bytes(5 * MB);
    assertEquals(bytes[1_000_000], 1_000_000 % 251);
  };
  const part = async (from: number) => {
    const { body } = await rangeOf(it, `${from}-${from + 99}`);
    assertEquals(body, bytesAt(from, 100));
  };
  const all = Array.from({ length: 10 }, (_, index) => [part(1000 * index), whole(), part(7)]);
  await Promise.all(all.flat());
});

Deno.test("a range of a value that can be cached is a hit the next time", async () => {
  await using it = await serving(FLAGS);
  await store(it, "big", 500_000);
  const first = await rangeOf(it, "1-3");
  assertMatch(first.head, /^ETag: /m);
  const second = await rangeOf(it, "100-104");
  assertMatch(second.head, /^Cache-Status: redis-proxy; hit/m);
  assertEquals([first.body, second.body], [bytesAt(1, 3), bytesAt(100, 5)]);
});
