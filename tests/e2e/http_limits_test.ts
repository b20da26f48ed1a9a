import { assertEquals, assertMatch } from "@std/assert";
import { splitReplies } from "../support/http_replies.ts";
import { curl, serving } from "../support/serving.ts";

const HEAD = "GET /key HTTP/1.1\r\nHost: h\r\n";

Deno.test("slow heads and bodies get 408, and slow RESP requests no reply", async () => {
  await using it = await serving(["--request-timeout", "0.1"]);
  await it.ask("SET", "key", "value");
  const slow = [
    "GET /key HT",
    "GET /key HTTP/1.1\r\n",
    `${HEAD}X: y`,
    `${HEAD}Content-Length: 5\r\n\r\nhell`,
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n`,
  ];
  await Promise.all(slow.map(async (bytes) => {
    using client = await it.connect();
    await client.send(bytes);
    const [reply, ...more] = splitReplies(await client.rest());
    assertEquals([reply!.status, more], [408, []], bytes);
    assertEquals(reply!.lines.includes("Connection: close"), true);
  }));
  using head = await it.connect();
  await head.send("HEAD /key HT");
  const [bodiless, ...none] = splitReplies(await head.rest(), ["HEAD"]);
  assertEquals([bodiless!.status, bodiless!.body, none], [408, "", []]);
  using after = await it.connect();
  await after.send(`${HEAD}\r\n${HEAD}`);
  const statuses = splitReplies(await after.rest()).map(({ status }) => status);
  assertEquals(statuses, [200, 408]);
  using resp = await it.connect();
  await resp.send("*2\r\n$3\r\nGET\r\n");
  assertEquals(await resp.rest(), "");
});

Deno.test("an HTTP client beyond --max-clients gets 503", async () => {
  await using it = await serving(["--max-clients", "1"]);
  using first = await it.connect();
  assertEquals(await first.exchange("PING\r\n", 7), "+PONG\r\n");
  using http = await it.connect();
  await http.send(`${HEAD}\r\n`);
  const [reply] = splitReplies(await http.rest());
  assertEquals(reply!.status, 503);
  assertEquals(reply!.lines.includes("Retry-After: 1"), true);
  using resp = await it.connect();
  await resp.send("PING\r\n");
  assertEquals(await resp.rest(), "-ERR max number of clients reached\r\n");
});

Deno.test("without Redis, HTTP serves cached values, and 503 with the reason for others", async () => {
  await using it = await serving(["--coherence", "off"]);
  await it.ask("SET", "key", "value");
  using client = await it.connect();
  await client.send(`${HEAD}\r\n`);
  await client.until("value");
  await it.redis.stop();
  await client.send(`${HEAD}\r\n`);
  assertMatch(await client.until("value"), /^Age: 0\r$/m);
  await client.send("GET /other HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const [reply] = splitReplies(await client.rest());
  assertEquals(reply!.status, 503);
  assertMatch(reply!.body, /^Redis is away: /);
});

Deno.test("the HTTP settings appear in replies", async () => {
  await using it = await serving([
    ...["--content-type", "text/plain; charset=utf-8", "--http-max-age", "5"],
    ...["--cors-origin", "https://a.example", "--allowed-hosts", "h,127.0.0.1"],
  ]);
  await it.ask("SET", "key", "value");
  using client = await it.connect();
  await client.send(`${HEAD}Origin: https://a.example\r\n\r\n`);
  const head = await client.until("\r\n\r\n");
  await client.text(5);
  assertMatch(head, /^Content-Type: text\/plain; charset=utf-8\r$/m);
  assertMatch(head, /^Cache-Control: max-age=5\r$/m);
  assertMatch(head, /^Access-Control-Allow-Origin: https:\/\/a\.example\r$/m);
  await client.send("GET /key HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
  assertMatch(await client.rest(), /^HTTP\/1\.1 421 /);
});

Deno.test("HTTP needs the same password as RESP, as Basic or Bearer", async () => {
  const file = await Deno.makeTempFile({ prefix: "redis-proxy-password-" });
  try {
    await Deno.writeTextFile(file, "pässword\n");
    await using it = await serving(["--password-file", file, "--user", "reader"]);
    await it.ask("SET", "key", "value");
    const status = ["-o", "/dev/null", "-w", "%{http_code}"];
    assertEquals(await curl(it.port, "/key", ...status), "401");
    assertEquals(await curl(it.port, "/key", ...status, "-u", "reader:wrong"), "401");
    assertEquals(await curl(it.port, "/key", "-u", "reader:pässword"), "value");
    assertEquals(await curl(it.port, "/key", "-H", "Authorization: Bearer pässword"), "value");
    assertMatch(
      await curl(it.port, "/key", "--head"),
      /^WWW-Authenticate: Basic realm="redis-proxy", charset="UTF-8"\r$/m,
    );
  } finally {
    await Deno.remove(file);
  }
});
