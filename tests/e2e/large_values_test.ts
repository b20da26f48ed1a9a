import { assert, assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { RawClient, request } from "../support/client.ts";
import { peakOf, type Serving, serving } from "../support/serving.ts";

const MB = 1024 * 1024;

/** Sends a value to the redis-server in pieces, and returns its hash. */
async function store(it: Serving, key: string, size: number): Promise<string> {
  using redis = await RawClient.connect(it.redis.port);
  const hash = createHash("sha256");
  const piece = crypto.getRandomValues(new Uint8Array(65_536));
  await redis.send(`*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${size}\r\n`);
  for (let sent = 0; sent < size; sent += piece.length) {
    piece[sent % piece.length]! += 1; // No two pieces are the same.
    new DataView(piece.buffer).setUint32(8, sent);
    const part = piece.subarray(0, Math.min(piece.length, size - sent));
    hash.update(part);
    await redis.send(part);
  }
  assertEquals(await redis.exchange("\r\n", 5), "+OK\r\n");
  return hash.digest("hex");
}

/** Receives `size` bytes, and returns their hash. */
async function receive(client: RawClient, size: number): Promise<string> {
  const hash = createHash("sha256");
  for (let left = size; left > 0;) {
    const part = await client.bytes(Math.min(left, MB));
    hash.update(part);
    left -= part.length;
  }
  return hash.digest("hex");
}

async function byResp(it: Serving, key: string, size: number): Promise<string> {
  using client = await it.connect();
  await client.send(request("GET", key));
  assertEquals(await client.until("\r\n"), `$${size}\r\n`);
  const hash = await receive(client, size);
  assertEquals(await client.exchange("PING\r\n", 9), "\r\n+PONG\r\n");
  return hash;
}

async function byHttp(it: Serving, key: string, size: number): Promise<string> {
  using client = await it.connect();
  const get = `GET /${key} HTTP/1.1\r\nHost: h\r\n\r\n`;
  await client.send(get);
  const head = await client.until("\r\n\r\n");
  assertEquals(/^Content-Length: (\d+)\r$/im.exec(head)?.[1], `${size}`);
  const hash = await receive(client, size);
  await client.send(get.replace("GET", "HEAD"));
  assertMatch(await client.until("\r\n\r\n"), /^HTTP\/1\.1 200 /);
  return hash;
}

Deno.test("values of all sizes around each buffer size arrive unchanged over both protocols", async () => {
  await using it = await serving();
  const sizes = [0, 1, 2, 1023, 1024, 32_767, 32_768, 65_535, 65_536, 65_537, 100_000, 262_144];
  for (const size of [...sizes, 5 * MB + 3]) {
    const hash = await store(it, `key${size}`, size);
    for (const _ of ["miss", "hit"]) {
      assertEquals(await byResp(it, `key${size}`, size), hash, `RESP, ${size} bytes`);
      assertEquals(await byHttp(it, `key${size}`, size), hash, `HTTP, ${size} bytes`);
    }
  }
});

Deno.test("a value of 300 MB arrives unchanged over both protocols, in bounded memory", async () => {
  await using it = await serving([
    "--cache-memory",
    "400mb",
    "--value-limit",
    "400mb",
    // Beyond it, a client that pauses for a tenth of a second is disconnected.
    "--reply-memory",
    "400mb",
    "--redis-timeout",
    "5",
  ]);
  const size = 300 * MB;
  const hash = await store(it, "large", size);
  assertEquals(await byResp(it, "large", size), hash);
  assertEquals(await byHttp(it, "large", size), hash);
  // The value in pieces as it arrives, the complete value, and the program itself.
  const peak = await peakOf(it.proxy.process.pid);
  assert(peak < 2.5 * size, `${Math.round(peak / MB)} MB`);
});

Deno.test("clients that request much and read nothing do not fill the memory", async () => {
  await using it = await serving();
  const size = 20 * MB;
  await store(it, "large", size);
  await byResp(it, "large", size);
  const before = await peakOf(it.proxy.process.pid);
  const clients = await Promise.all(Array.from({ length: 10 }, () => it.connect()));
  try {
    for (const client of clients) await client.send(request("GET", "large").repeat(20));
    using other = await it.connect();
    for (let round = 0; round < 200; round++) {
      assertEquals(await other.exchange("PING\r\n", 7), "+PONG\r\n");
    }
    const grown = await peakOf(it.proxy.process.pid) - before;
    assert(grown < 4 * size, `${Math.round(grown / MB)} MB more for 4 GB that nobody reads`);
  } finally {
    for (const client of clients) client.close();
  }
});

Deno.test("clients that request large values and do not read them cost no more than a few values", async () => {
  const args = ["--large-memory", "64mb", "--reply-memory", "16mb"];
  await using it = await serving(args);
  const size = 32 * MB;
  const keys = Array.from({ length: 12 }, (_, index) => `large${index}`);
  using redis = await RawClient.connect(it.redis.port);
  for (const key of keys) {
    const reply = `:${size}\r\n`;
    assertEquals(
      await redis.exchange(request("SETRANGE", key, `${size - 1}`, "x"), reply.length),
      reply,
    );
  }
  const before = await peakOf(it.proxy.process.pid);
  const clients = await Promise.all(keys.map(() => it.connect()));
  try {
    await Promise.all(clients.map(async (client, index) => {
      await client.send(request("GET", keys[index]!));
      // All are served in the end, because clients that read nothing make room.
      assertEquals(await client.until("\r\n"), `$${size}\r\n`);
    }));
    const grown = await peakOf(it.proxy.process.pid) - before;
    assert(grown < 7 * size, `${Math.round(grown / MB)} MB more for 12 values of 32 MB`);
    await byResp(it, keys[0]!, size);
  } finally {
    for (const client of clients) client.close();
  }
});

for (const mode of ["auto", "off"]) {
  Deno.test(`a large value that changes during the read arrives whole, with coherence ${mode}`, async () => {
    await using it = await serving(["--coherence", mode]);
    const size = 8 * MB;
    using redis = await RawClient.connect(it.redis.port);
    using client = await it.connect();
    const fill = (letter: string) =>
      redis.exchange(request("SET", "large", letter.repeat(size)), "+OK\r\n".length);
    await fill("a");
    for (let round = 0; round < 10; round++) {
      const reading = client.send(request("GET", "large"));
      await fill(round % 2 === 0 ? "b" : "a");
      await reading;
      assertEquals(await client.until("\r\n"), `$${size}\r\n`);
      const value = await client.bytes(size + 2);
      assert(value.subarray(0, size).every((byte) => byte === value[0]), `round ${round} is mixed`);
    }
  });
}
