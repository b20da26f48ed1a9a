import { assert, assertEquals, assertMatch } from "@std/assert";
import { RawClient, request } from "../support/client.ts";
import { curl, redisCli, serving } from "../support/serving.ts";

Deno.test("one port answers curl and redis-cli with the same value", async () => {
  await using it = await serving();
  await it.ask("SET", "Rescale", "We Accelerate Engineering Breakthroughs");
  assertEquals(await curl(it.port, "/Rescale"), "We Accelerate Engineering Breakthroughs");
  assertEquals(
    await redisCli(it.port, "get", "Rescale"),
    "We Accelerate Engineering Breakthroughs\n",
  );
});

Deno.test("the first line decides the protocol of a connection, for good", async () => {
  await using it = await serving();
  await it.ask("MSET", "/key", "value", "key", "value");
  const first: [string, RegExp][] = [
    ["GET /key HTTP/1.1\r\nHost: h\r\n\r\n", /^HTTP\/1\.1 200 /],
    ["\r\nGET /key HTTP/1.0\r\n\r\n", /^HTTP\/1\.1 200 /],
    ["BREW /key HTTP/1.1\r\nHost: h\r\n\r\n", /^HTTP\/1\.1 501 /],
    ["GET /key\r\n", /^\$5\r\n/],
    ["get /key\n", /^\$5\r\n/],
    [request("GET", "/key"), /^\$5\r\n/],
    ["\r\n\r\nPING\r\n", /^\+PONG\r\n/],
    ["GARBAGE\r\n", /^-ERR unknown command 'GARBAGE'/],
  ];
  for (const [bytes, reply] of first) {
    using whole = await it.connect();
    await whole.send(bytes);
    assertMatch(await whole.until("\r\n"), reply, JSON.stringify(bytes));
    using slow = await it.connect();
    for (const byte of bytes) await slow.send(byte);
    assertMatch(await slow.until("\r\n"), reply, `${JSON.stringify(bytes)} byte by byte`);
  }
  using resp = await it.connect();
  assertEquals(await resp.exchange("PING\r\n", 7), "+PONG\r\n");
  await resp.send("GET /key HTTP/1.1\r\n");
  assertMatch(await resp.until("\r\n"), /^-ERR wrong number of arguments/);
});

Deno.test("a connection of unknown protocol has a deadline and a limit in bytes", async () => {
  await using it = await serving(["--request-timeout", "0.1"]);
  using late = await it.connect();
  await late.send("GET /ke");
  assertMatch(await late.rest(), /^HTTP\/1\.1 408 /);
  // The pause before each byte is short, but the deadline counts from the first byte.
  using dripping = await it.connect();
  const dripped = (async () => {
    for (let sent = 0; sent < 2000; sent++) {
      await dripping.send("x");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return "never cut";
  })().catch(() => "cut");
  assertEquals(await dripping.rest(), "");
  assertEquals(await dripped, "cut");
  using endless = await RawClient.connect(it.port);
  endless.send("x".repeat(1024 * 1024)).catch(() => {/* It is cut while it sends. */});
  assertEquals(await endless.rest(), "-ERR Protocol error: too big inline request\r\n");
  using head = await RawClient.connect(it.port);
  head.send(`GET /${"x".repeat(1024 * 1024)}`).catch(() => {/* As above. */});
  assertMatch(await head.rest(), /^HTTP\/1\.1 4\d\d /);
});

Deno.test("clients that reset at any moment do not stop the service", async () => {
  await using it = await serving();
  await it.ask("SET", "key", "v".repeat(100_000));
  // SO_LINGER of 0 makes close() a reset; a burst is reset before it is accepted.
  const burst = `
import socket, struct, sys
for part in (b"", b"G", b"*2\\r\\n", b"GET key\\r\\n" * 50, b"GET /key HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n") * 40:
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.sendall(part)
    s.close()
`;
  const { code } = await new Deno.Command("python3", { args: ["-c", burst, `${it.port}`] })
    .output();
  assertEquals(code, 0);
  assertEquals(await redisCli(it.port, "ping"), "PONG\n");
  assertEquals(await redisCli(it.port, "get", "key"), `${"v".repeat(100_000)}\n`);
  assert(it.proxy.process.isRunning);
  assertEquals(it.proxy.process.stderr.split("\n").filter((line) => / error /.test(line)), []);
});

Deno.test("port 0 picks a free port and logs it, and two clients too many are refused", async () => {
  await using it = await serving(["--max-clients", "1"]);
  assert(it.port > 0);
  using one = await it.connect();
  assertEquals(await one.exchange("PING\r\n", 7), "+PONG\r\n");
  using two = await it.connect();
  assertEquals(await two.rest(), "-ERR max number of clients reached\r\n");
});
