import { assert, assertEquals, assertMatch } from "@std/assert";
import { curl, serving } from "../support/serving.ts";
import { ALL_BYTES } from "../support/wire.ts";
import { RawClient, request } from "../support/client.ts";

const get = (path: string, method = "GET") => `${method} ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;

/** Receives a reply to GET: its head, and as much body as Content-Length says. */
async function reply(client: RawClient): Promise<{ status: number; head: string; body: string }> {
  const head = await client.until("\r\n\r\n");
  const length = Number(/^Content-Length: (\d+)\r$/im.exec(head)![1]);
  return { status: Number(head.split(" ")[1]), head, body: await client.text(length) };
}

Deno.test("curl gets values, even an empty one, and 404 for a missing key", async () => {
  await using it = await serving();
  await it.ask("SET", "key", "value");
  await it.ask("SET", "empty", "");
  const status = "%{http_code}";
  assertEquals(await curl(it.port, "/key", "-w", status), "value200");
  assertEquals(await curl(it.port, "/empty", "-w", status), "200");
  assertEquals(await curl(it.port, "/none", "-w", status, "-o", "/dev/null"), "404");
  assertEquals(await curl(it.port, "/key", "--http1.0", "-w", status), "value200");
  const head = await curl(it.port, "/key", "--head");
  assertMatch(head, /^HTTP\/1\.1 200 /);
  assertMatch(head, /^Content-Length: 5\r$/im);
  const two = [`http://127.0.0.1:${it.port}/key`, "-w", "%{num_connects}"];
  assertEquals(await curl(it.port, "/key", ...two), "value1value0");
});

Deno.test("keys and values may contain every byte", async () => {
  await using it = await serving();
  await it.ask("SET", ALL_BYTES, ALL_BYTES);
  const encoded = [...ALL_BYTES].map((char) =>
    `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`
  );
  using client = await it.connect();
  for (const _ of ["miss", "hit"]) {
    await client.send(get(`/${encoded.join("")}`));
    const { status, body } = await reply(client);
    assertEquals([status, body], [200, ALL_BYTES]);
  }
});

Deno.test("a connection stays open, and its requests are answered in order", async () => {
  await using it = await serving();
  await it.ask("SET", "a", "A");
  await it.ask("SET", "b", "B".repeat(70_000));
  using client = await it.connect();
  const paths = ["/a", "/none", "/b", "/?a", "/a", "/b"];
  for (const _ of ["cold", "warm"]) {
    await client.send(paths.map((path) => get(path)).join(""));
    const replies = [];
    for (const _ of paths) replies.push(await reply(client));
    assertEquals(replies.map(({ status }) => status), [200, 404, 200, 404, 200, 200]);
    assertEquals([replies[0]!.body, replies[4]!.body], ["A", "A"]);
    assert(replies[2]!.body === "B".repeat(70_000) && replies[5]!.body === replies[2]!.body);
  }
});

Deno.test("HEAD has the same head as GET, and no body", async () => {
  await using it = await serving();
  await it.ask("SET", "key", "value");
  using client = await it.connect();
  await client.send(get("/key", "HEAD") + get("/none", "HEAD") + get("/key"));
  const head = await client.until("\r\n\r\n");
  assertMatch(head, /^HTTP\/1\.1 200 /);
  assertMatch(head, /^Content-Length: 5\r$/im);
  assertMatch(await client.until("\r\n\r\n"), /^HTTP\/1\.1 404 /);
  assertEquals((await reply(client)).body, "value");
});

Deno.test("methods that write get 405 and Allow, and the connection stays open", async () => {
  await using it = await serving();
  await it.ask("SET", "key", "value");
  using client = await it.connect();
  for (const method of ["POST", "PUT", "DELETE"]) {
    await client.send(
      `${method} /key HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody${get("/key")}`,
    );
    const { status, head } = await reply(client);
    assertEquals(status, 405);
    assertMatch(head, /^Allow: .*GET.*HEAD/im);
    assertEquals((await reply(client)).body, "value");
  }
});

Deno.test("a malformed request gets 400, and the connection ends", async () => {
  await using it = await serving();
  const wrong = [
    "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET /key HTTP/1.1\r\n\r\n",
    "GET /key HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n",
    "GET /key HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n",
    "GET /key HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
    "GET /key HTTP/1.1\r\nHost : h\r\n\r\n",
  ];
  for (const bytes of wrong) {
    using client = await it.connect();
    await client.send(bytes);
    const text = await client.rest();
    assertMatch(text, /^HTTP\/1\.1 400 /, JSON.stringify(bytes));
    assertMatch(text, /^Connection: close\r$/im);
  }
});

Deno.test("HTTP/1.0 and Connection: close end the connection after the reply", async () => {
  await using it = await serving();
  await it.ask("SET", "key", "value");
  const closing = [
    "GET /key HTTP/1.0\r\n\r\n",
    "GET /key HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
  ];
  for (const bytes of closing) {
    using client = await it.connect();
    await client.send(bytes + get("/key"));
    assertMatch(await client.rest(), /^HTTP\/1\.1 200 [^]*\r\n\r\nvalue$/);
  }
  using kept = await it.connect();
  const again = "GET /key HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  await kept.send(again + again);
  assertMatch((await reply(kept)).head, /^Connection: keep-alive\r$/im);
  assertEquals((await reply(kept)).body, "value");
});

Deno.test("a request that arrives byte by byte is answered", async () => {
  await using it = await serving();
  await it.ask("SET", "key", "value");
  using client = await it.connect();
  for (const byte of get("/key") + get("/none")) await client.send(byte);
  assertEquals((await reply(client)).body, "value");
  assertEquals((await reply(client)).status, 404);
});

Deno.test("a key of another type is 409, with Redis's own error", async () => {
  await using it = await serving();
  await it.ask("RPUSH", "list", "1");
  using client = await it.connect();
  await client.send(get("/list"));
  const { status, body } = await reply(client);
  assertEquals(status, 409);
  assertMatch(body, /WRONGTYPE Operation against a key holding the wrong kind of value/);
  using resp = await it.connect();
  await resp.send(request("GET", "list"));
  assertMatch(await resp.until("\r\n"), /^-WRONGTYPE Operation against a key/);
});
