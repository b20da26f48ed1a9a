import { assert, assertEquals } from "@std/assert";
import { request } from "../support/client.ts";
import { callsOf, curl, redisCli, serving, until } from "../support/serving.ts";

Deno.test("both protocols share the cache, and answer from it without Redis", async () => {
  await using it = await serving(["--coherence", "off"]);
  await it.ask("MSET", "a", "A", "b", "B");
  assertEquals(await curl(it.port, "/a"), "A");
  assertEquals(await redisCli(it.port, "get", "b"), "B\n");
  await it.redis.stop();
  assertEquals(await redisCli(it.port, "mget", "a", "b"), "A\nB\n");
  assertEquals(await curl(it.port, "/b"), "B");
});

Deno.test("a value is served from the cache until it expires, then read again", async () => {
  await using it = await serving(["--coherence", "off", "--cache-timeout", "0.5"]);
  await it.ask("SET", "key", "old");
  const read = performance.now();
  assertEquals(await redisCli(it.port, "get", "key"), "old\n");
  await it.ask("SET", "key", "new");
  using client = await it.connect();
  const reply = await client.exchange(request("GET", "key"), 9);
  assert(reply === "$3\r\nold\r\n" || performance.now() - read >= 500, reply);
  await until(async () => await client.exchange(request("GET", "key"), 9) === "$3\r\nnew\r\n");
  assert(performance.now() - read >= 500);
});

Deno.test("fifty clients that miss the same key make one read", async () => {
  await using it = await serving(["--redis-timeout", "20"]);
  await it.ask("SET", "key", "value");
  const clients = await Promise.all(Array.from({ length: 50 }, () => it.connect()));
  // Redis answers only after all clients have asked.
  it.redis.kill("SIGSTOP");
  for (const client of clients) await client.send(request("GET", "key"));
  using last = await it.connect();
  assertEquals(await last.exchange("PING\r\n", 7), "+PONG\r\n");
  it.redis.kill("SIGCONT");
  for (const client of clients) {
    assertEquals(await client.text(11), "$5\r\nvalue\r\n");
    client.close();
  }
  assertEquals(await callsOf(it.redis.port, "getrange"), 1);
});

Deno.test("a missing key is read again, and found as soon as it exists", async () => {
  await using it = await serving();
  assertEquals(await redisCli(it.port, "--no-raw", "get", "key"), "(nil)\n");
  await it.ask("SET", "key", "value");
  assertEquals(await redisCli(it.port, "get", "key"), "value\n");
});

Deno.test("--cache-size bounds the entries, and the least recently used are evicted", async () => {
  await using it = await serving(["--cache-size", "2"]);
  await it.ask("MSET", "a", "A", "b", "B", "c", "C");
  for (const key of ["a", "b", "a", "c"]) await redisCli(it.port, "get", key);
  assertEquals(await callsOf(it.redis.port, "getrange"), 3);
  assertEquals(await redisCli(it.port, "mget", "a", "c"), "A\nC\n");
  assertEquals(await callsOf(it.redis.port, "getrange"), 3);
  assertEquals(await redisCli(it.port, "get", "b"), "B\n");
  assertEquals(await callsOf(it.redis.port, "getrange"), 4);
});

Deno.test("with 100 entries of all sizes, exactly the least recently used is evicted", async () => {
  const [keys, entries, reads] = [300, 100, 8000];
  await using it = await serving(["--cache-size", `${entries}`]);
  // One key in ten does not exist, and some values are large.
  for (let key = 0; key < keys; key++) {
    if (key % 10 !== 3) await it.ask("SET", `${key}`, "v".repeat(key % 7 === 0 ? 20_000 : key));
  }
  const lru = new Map<number, true>();
  let misses = 0;
  using client = await it.connect();
  const order = zipf(keys, reads);
  for (const key of order) {
    if (!lru.delete(key)) misses++;
    lru.set(key, true);
    const absent = [...lru.keys()].filter((one) => one % 10 === 3);
    if (absent.length > entries / 10) lru.delete(absent[0]!);
    for (const oldest of lru.keys()) {
      if (lru.size <= entries) break;
      lru.delete(oldest);
    }
    const value = "v".repeat(key % 7 === 0 ? 20_000 : key);
    const reply = key % 10 === 3 ? "$-1\r\n" : `$${value.length}\r\n${value}\r\n`;
    assertEquals(await client.exchange(request("GET", `${key}`), reply.length), reply);
  }
  const info = await redisCli(it.port, "info", "cache");
  assertEquals(/cache_misses:(\d+)/.exec(info)?.[1], `${misses}`);
});

/** Keys in the order of reads, the first ones most often (Zipf's law), and repeatable. */
function zipf(keys: number, reads: number): number[] {
  let state = 7;
  return Array.from({ length: reads }, () => {
    state = (state * 48271) % 0x7fffffff;
    return Math.min(keys - 1, Math.floor((keys + 1) ** (state / 0x7fffffff)) - 1);
  });
}

Deno.test("--cache-memory bounds the bytes of entries", async () => {
  await using it = await serving(["--cache-memory", "100kb", "--value-limit", "100kb"]);
  const value = "v".repeat(40_000);
  await it.ask("MSET", "a", value, "b", value, "c", value, "large", value.repeat(3));
  for (const key of ["a", "b", "c"]) assertEquals(await curl(it.port, `/${key}`), value);
  assertEquals(await curl(it.port, "/large"), value.repeat(3));
  const reads = await callsOf(it.redis.port, "pttl");
  assertEquals([await curl(it.port, "/c"), await curl(it.port, "/b")], [value, value]);
  assertEquals(await callsOf(it.redis.port, "pttl"), reads);
  await curl(it.port, "/a");
  assertEquals(await callsOf(it.redis.port, "pttl"), reads + 1);
  await curl(it.port, "/large");
  assert(await callsOf(it.redis.port, "pttl") > reads + 1);
});
