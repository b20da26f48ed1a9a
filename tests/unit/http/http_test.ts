import { assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { Credentials } from "../../../src/core/credentials.ts";
import { KeySet, parseKeyPattern } from "../../../src/core/key_pattern.ts";
import { Http, type HttpOptions } from "../../../src/http/mod.ts";
import {
  type Answer,
  CacheStatus,
  Failure,
  type FailureReason,
  type Lookup,
  NO_TERMS,
  type Terms,
} from "../../../src/core/types.ts";
import type { Input } from "../../../src/server/input.ts";
import type { Output } from "../../../src/server/output.ts";
import { PEER } from "../../support/resp_context.ts";
import { httpContext } from "../../support/http_context.ts";
import { fieldOf, type RawReply, splitReplies } from "../../support/http_replies.ts";
import { inputOf, written } from "../../support/wire.ts";

const GET = "GET /k HTTP/1.1\r\nHost: a\r\n";

/** An answer, and how it came about. */
class Told {
  readonly status: CacheStatus;

  constructor(readonly answer: Answer, status: Partial<CacheStatus> = {}) {
    this.status = Object.assign(new CacheStatus(), { timeLeft: 1000, isStored: true, ...status });
  }
}

function answer(found: Answer, status: Partial<CacheStatus> = {}): Told {
  return new Told(found, status);
}

/** A lookup that returns answers in turn, and records the terms. */
class ScriptedLookup implements Lookup {
  readonly asked: [key: string, terms: Terms][] = [];

  constructor(readonly answers: Told[]) {}

  get(key: string, _now: number, terms: Terms, status: CacheStatus): Answer {
    this.asked.push([key, terms]);
    const { answer, status: told } = this.answers.shift()!;
    Object.assign(status, told);
    return answer;
  }

  together<T>(read: () => T): T {
    return read();
  }

  explain() {
    return {};
  }
}

/** Replies to one request with the answers of a lookup. */
async function replyTo(
  request: string,
  answers: Lookup | Told,
  options: Partial<HttpOptions> = {},
): Promise<RawReply & { last: boolean }> {
  const input = inputOf(request);
  const http = new Http(httpContext(options), PEER);
  const taken = http.next(input)!;
  const lookup = answers instanceof Told ? new ScriptedLookup([answers]) : answers;
  const found = await taken.read(lookup, 0);
  const text = await written((output) => taken.reply(output, found));
  const [reply] = splitReplies(text, [request.split(" ")[0]!]);
  return { ...reply!, last: taken.last };
}

function entry(text = "hello"): Uint8Array {
  return Buffer.from(text);
}

Deno.test("HTTP maps each failure to its status", async () => {
  const table: [FailureReason, string, number, string | undefined][] = [
    ["busy", "Too many reads wait for Redis", 503, "1"],
    ["away", "Redis is away", 503, "1"],
    ["timeout", "Redis gave no answer", 504, undefined],
    ["uncached", "Not in the cache", 504, undefined],
    ["reply", "WRONGTYPE Operation against", 409, undefined],
    ["reply", "NOPERM this user has no permissions", 502, undefined],
    ["reply", "LOADING Redis is loading", 503, "1"],
    ["reply", "READONLY You can't write against a read only replica.", 503, "1"],
    ["reply", "LOADINGX", 502, undefined],
  ];
  for (const [reason, message, status, retryAfter] of table) {
    const failure = answer(new Failure(reason, message), { via: "uri-miss", isStored: false });
    const reply = await replyTo(`${GET}\r\n`, failure);
    assertEquals([reply.status, reply.body], [status, `${message}\n`]);
    assertEquals(fieldOf(reply, "Retry-After"), retryAfter);
    assertEquals(fieldOf(reply, "Cache-Control"), "no-store");
    assertEquals(fieldOf(reply, "ETag"), undefined);
    assertEquals(reply.last, false);
  }
});

Deno.test("HTTP describes an answer in Age and Cache-Status", async () => {
  const table: [Partial<CacheStatus>, age: string | undefined, status: string][] = [
    [{ via: "hit", age: 2999, timeLeft: 5999 }, "2", "hit; ttl=5"],
    [{ via: "hit", age: 9000, timeLeft: -2500 }, "9", "hit; ttl=-3"],
    [{ via: "hit", age: 1e15, timeLeft: Infinity }, "2147483648", "hit; ttl=2147483648"],
    [{ via: "uri-miss", timeLeft: 9999 }, undefined, "fwd=uri-miss; stored; ttl=9"],
    [{ via: "request", isStored: false }, undefined, "fwd=request"],
    [
      { via: "stale", isCollapsed: true, timeLeft: 1000 },
      undefined,
      "fwd=stale; stored; ttl=1; collapsed",
    ],
    [{ via: "stale", isStored: false, age: 9000, timeLeft: -1000 }, "9", "fwd=stale"],
  ];
  for (const [story, age, status] of table) {
    const reply = await replyTo(`${GET}\r\n`, answer(entry(), story));
    assertEquals(fieldOf(reply, "Age"), age);
    assertEquals(fieldOf(reply, "Cache-Status"), `redis-proxy; ${status}`);
  }
});

Deno.test("HTTP reports that only the cache was asked", async () => {
  const failure = new Failure("uncached", "Not in the cache");
  const reply = await replyTo(`${GET}\r\n`, answer(failure, { via: "uri-miss", isStored: false }));
  assertEquals(fieldOf(reply, "Cache-Status"), "redis-proxy; detail=only-if-cached");
});

Deno.test("HTTP lets other caches keep a value no longer than it is fresh here", async () => {
  const table: [maxAge: number, Partial<CacheStatus>, cacheControl: string][] = [
    [0, { timeLeft: 5000 }, "no-cache"],
    [10_000, { timeLeft: 60_000 }, "max-age=10"],
    [10_000, { timeLeft: 4999 }, "max-age=4"],
    [10_000, { timeLeft: 60_000, age: 3999 }, "max-age=13"],
    [10_000, { timeLeft: 999 }, "no-cache"],
    [10_000, { timeLeft: -1 }, "no-cache"],
    [10_000, { timeLeft: 60_000, age: 3999, via: "uri-miss" }, "max-age=10"],
  ];
  for (const [maxAge, story, cacheControl] of table) {
    const reply = await replyTo(`${GET}\r\n`, answer(entry(), story), { maxAge });
    assertEquals(fieldOf(reply, "Cache-Control"), cacheControl);
    const notModified = await replyTo(`${GET}If-None-Match: *\r\n\r\n`, answer(entry(), story), {
      maxAge,
    });
    assertEquals(fieldOf(notModified, "Cache-Control"), cacheControl);
  }
});

Deno.test("HTTP answers a hit at once, and passes on the request's terms", () => {
  const lookup = new ScriptedLookup([answer(entry())]);
  const request = `${GET}Cache-Control: max-age=5, max-stale\r\n\r\n`;
  const input = inputOf(request);
  const found = new Http(httpContext(), PEER).next(input)!.read(lookup, 0);
  assertEquals(found instanceof Promise, false);
  const [key, { maxAge, maxStale }] = lookup.asked[0]!;
  assertEquals([key, maxAge, maxStale], ["k", 5000, Infinity]);
});

Deno.test("HTTP reads again if a hit is not fresh enough for min-fresh", async () => {
  const lookup = new ScriptedLookup([
    answer(entry("old"), { timeLeft: 1000 }),
    answer(entry("new"), { via: "request", timeLeft: 9000 }),
  ]);
  const reply = await replyTo(`${GET}Cache-Control: min-fresh=5\r\n\r\n`, lookup);
  assertEquals(reply.body, "new");
  assertEquals(lookup.asked.map(([, { maxAge }]) => maxAge), [Infinity, 0]);
});

Deno.test("HTTP requests only the bytes of a range, unless a condition needs the tag", async () => {
  const window = { first: 1, last: 2 };
  const table: [fields: string, window: unknown][] = [
    ["Range: bytes=1-2\r\n", window],
    ["Range: bytes=1-2\r\nCache-Control: no-cache\r\n", window],
    ["", null],
    ["Range: bytes=1-2,4-5\r\n", null],
    ['Range: bytes=1-2\r\nIf-Range: "a"\r\n', null],
    ['Range: bytes=1-2\r\nIf-Match: "a"\r\n', null],
    ['Range: bytes=1-2\r\nIf-None-Match: "a"\r\n', null],
  ];
  for (const [fields, wanted] of table) {
    const lookup = new ScriptedLookup([answer(entry())]);
    await replyTo(`${GET}${fields}\r\n`, lookup);
    assertEquals(lookup.asked[0]![1].window, wanted, fields);
  }
  const lookup = new ScriptedLookup([answer(entry())]);
  await replyTo("HEAD /k HTTP/1.1\r\nHost: a\r\nRange: bytes=1-2\r\n\r\n", lookup);
  assertEquals(lookup.asked[0]![1].window, null);
});

Deno.test("HTTP sends a part that was read by itself with its position, and without a tag", async () => {
  const request = `${GET}Range: bytes=7-\r\n\r\n`;
  const part = { from: 7, length: 12 };
  const reply = await replyTo(request, answer(entry(), { via: "uri-miss", isStored: false, part }));
  assertEquals([reply.status, reply.body], [206, "hello"]);
  assertEquals(fieldOf(reply, "Content-Range"), "bytes 7-11/12");
  assertEquals(fieldOf(reply, "Content-Length"), "5");
  assertEquals(fieldOf(reply, "ETag"), undefined);
  assertEquals(fieldOf(reply, "Cache-Status"), "redis-proxy; fwd=uri-miss");
});

Deno.test("HTTP refuses a range outside of a value that was not read whole", async () => {
  const request = `${GET}Range: bytes=12-\r\n\r\n`;
  const reply = await replyTo(request, answer(entry(""), { part: { from: 12, length: 12 } }));
  assertEquals([reply.status, fieldOf(reply, "Content-Range")], [416, "bytes */12"]);
});

Deno.test("HTTP sends an entity tag for large values too", async () => {
  const text = "x".repeat(200_000);
  const reply = await replyTo(`${GET}\r\n`, answer(entry(text)));
  assertEquals(reply.body === text, true);
  assertMatch(fieldOf(reply, "ETag")!, /^"30d40-[\w+/]{27}"$/);
});

Deno.test("HTTP needs the password if there is one, except for a preflight", async () => {
  const credentials = new Credentials("default", "secret");
  const corsOrigins = ["*"];
  const options = { credentials, corsOrigins };
  for (const field of ["", "Authorization: Bearer wrong\r\n"]) {
    const reply = await replyTo(`${GET}${field}\r\n`, answer(entry()), options);
    assertEquals([reply.status, reply.body, reply.last], [
      401,
      "Wrong or missing password: wanted Basic or Bearer authentication\n",
      false,
    ]);
    assertMatch(reply.lines.join("\n"), /WWW-Authenticate: Basic .*\nWWW-Authenticate: Bearer /);
  }
  for (const field of ["Bearer secret", `Basic ${btoa("default:secret")}`]) {
    const reply = await replyTo(
      `${GET}Authorization: ${field}\r\n\r\n`,
      answer(entry()),
      options,
    );
    assertEquals(reply.status, 200);
  }
  const head = await replyTo(`HEAD /k HTTP/1.1\r\nHost: a\r\n\r\n`, answer(entry()), options);
  assertEquals(head.status, 401);
  const preflight = await replyTo(
    "OPTIONS /k HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\n" +
      "Access-Control-Request-Method: GET\r\n\r\n",
    answer(entry()),
    options,
  );
  assertEquals(preflight.status, 204);
  assertEquals(fieldOf(preflight, "Access-Control-Allow-Origin"), "*");
  assertMatch(fieldOf(preflight, "Access-Control-Allow-Headers")!, /Authorization/);
});

Deno.test("HTTP lets pages of other origins read replies and errors only if allowed", async () => {
  const request = `${GET}Origin: https://b.example\r\n\r\n`;
  for (const outcome of [entry(), null]) {
    const off = await replyTo(request, answer(outcome));
    assertEquals(fieldOf(off, "Access-Control-Allow-Origin"), undefined);
    const other = await replyTo(request, answer(outcome), { corsOrigins: ["https://c.example"] });
    assertEquals(fieldOf(other, "Access-Control-Allow-Origin"), undefined);
    assertEquals(fieldOf(other, "Vary"), "Origin");
    const on = await replyTo(request, answer(outcome), { corsOrigins: ["https://b.example"] });
    assertEquals(fieldOf(on, "Access-Control-Allow-Origin"), "https://b.example");
    assertMatch(fieldOf(on, "Access-Control-Expose-Headers")!, /ETag/);
  }
});

Deno.test("HTTP answers only for the allowed hosts, in Host or in the target", async () => {
  const allowedHosts = ["a", "127.0.0.1"];
  const table: [request: string, status: number][] = [
    [`GET /k HTTP/1.1\r\nHost: a\r\n\r\n`, 200],
    [`GET /k HTTP/1.1\r\nHost: A:8080\r\n\r\n`, 200],
    [`GET /k HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n`, 200],
    [`GET /k HTTP/1.1\r\nHost: evil.example\r\n\r\n`, 421],
    [`GET /k HTTP/1.1\r\nHost:\r\n\r\n`, 421],
    [`GET /k HTTP/1.0\r\n\r\n`, 421],
    [`OPTIONS /k HTTP/1.1\r\nHost: evil.example\r\n\r\n`, 421],
    // RFC 9112 section 3.2.2: the target's host overrides the field.
    [`GET http://a/k HTTP/1.1\r\nHost: evil.example\r\n\r\n`, 200],
    [`GET http://evil.example/k HTTP/1.1\r\nHost: a\r\n\r\n`, 421],
  ];
  for (const [request, status] of table) {
    const reply = await replyTo(request, answer(entry()), { allowedHosts });
    assertEquals(reply.status, status, request);
  }
});

Deno.test("HTTP explains itself at /, without asking Redis", async () => {
  const nothing = new ScriptedLookup([]);
  for (const target of ["/", "http://a/", "http://a"]) {
    const page = await replyTo(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`, nothing);
    assertEquals([page.status, fieldOf(page, "Cache-Control"), page.last], [
      200,
      "no-store",
      false,
    ]);
    assertEquals(fieldOf(page, "Content-Type"), "text/plain; charset=utf-8");
    assertMatch(page.body, /redis-proxy.*\n[^]*curl http:.*\n.*redis-cli /);
    const head = await replyTo(`HEAD ${target} HTTP/1.1\r\nHost: a\r\n\r\n`, nothing);
    assertEquals([head.status, head.body], [200, ""]);
    assertEquals(fieldOf(head, "Content-Length"), `${page.body.length}`);
  }
  assertEquals(nothing.asked, []);
});

Deno.test("HTTP reads the empty key at /?", async () => {
  for (const target of ["/?", "/?x=y", "http://a/?"]) {
    const lookup = new ScriptedLookup([answer(entry("empty"))]);
    const reply = await replyTo(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`, lookup);
    assertEquals([reply.status, reply.body], [200, "empty"]);
    assertEquals(lookup.asked.map(([key]) => key), [""]);
  }
});

Deno.test("HTTP shows no page at / to a client without the password, or for another host", async () => {
  const credentials = new Credentials("default", "secret");
  const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  assertEquals((await replyTo(request, answer(null), { credentials })).status, 401);
  assertEquals((await replyTo(request, answer(null), { allowedHosts: ["b"] })).status, 421);
});

Deno.test("HTTP reads only allowed keys, and reveals nothing about others", async () => {
  const patterns = ["public:*", "robots.txt", "caf%C3%A9"].map((text) => parseKeyPattern(text)!);
  const keys = new KeySet(patterns);
  const table: [target: string, status: number][] = [
    ["/public:a", 200],
    ["/public:", 200],
    ["/%70ublic:a", 200],
    ["/robots.txt?x", 200],
    ["/caf%C3%A9", 200],
    ["http://a/public:a", 200],
    ["/public", 403],
    ["/private:public:", 403],
    ["/robots.txt.bak", 403],
    ["/?", 403],
  ];
  for (const [target, status] of table) {
    for (const method of ["GET", "HEAD"]) {
      const lookup = new ScriptedLookup([answer(entry())]);
      const request = `${method} ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
      const reply = await replyTo(request, lookup, { keys });
      assertEquals([reply.status, lookup.asked.length], [status, status === 200 ? 1 : 0], request);
    }
  }
  const reply = await replyTo(`${GET}\r\n`, answer(null), { keys });
  assertEquals(reply.body, "This key may not be read over HTTP: --http-keys does not name it\n");
});

Deno.test("HTTP ignores wishes that would cause a read if requests may not refresh", async () => {
  const refused = "no-cache, no-store, max-age=0, min-fresh=5, max-stale=1, only-if-cached";
  const lookup = new ScriptedLookup([answer(entry(), { timeLeft: 1000 })]);
  const request = `${GET}Cache-Control: ${refused}\r\n\r\n`;
  const reply = await replyTo(request, lookup, { mayRefresh: false });
  assertEquals(reply.status, 200);
  assertEquals(lookup.asked.map(([, terms]) => terms), [
    { ...NO_TERMS, maxStale: 1000, mayForward: false },
  ]);
});

Deno.test("HTTP sends values with the configured media type", async () => {
  const contentType = "text/plain; charset=utf-8";
  const reply = await replyTo(`${GET}\r\n`, answer(entry()), { contentType });
  assertEquals(fieldOf(reply, "Content-Type"), contentType);
  assertEquals(fieldOf(reply, "X-Content-Type-Options"), "nosniff");
});

/** The reply that `say` appends for a client that has sent only this text. */
async function lastReply(
  came: string,
  say: (http: Http, output: Output, input: Input) => void,
): Promise<RawReply> {
  const text = await written((output) => say(new Http(httpContext(), PEER), output, inputOf(came)));
  const [reply, ...more] = splitReplies(text, [came.split(" ")[0]!]);
  assertEquals(more, []);
  assertEquals(fieldOf(reply!, "Connection"), "close");
  return reply!;
}

Deno.test("HTTP sends 408 to a client that took too long, and announces the end of the connection", async () => {
  for (const came of ["", "G", "GET /k HTTP/1.1\r\nHost"]) {
    const reply = await lastReply(came, (http, ...rest) => http.expire(...rest));
    assertEquals([reply.status, reply.body], [408, "The request took too long to arrive\n"]);
  }
  const reply = await lastReply("HEAD /k HT", (http, ...rest) => http.expire(...rest));
  assertEquals([reply.status, reply.body], [408, ""]);
});

Deno.test("HTTP sends 503 to a client beyond the limit, with the time to retry", async () => {
  const get = await lastReply("GET /k HTTP/1.1\r\n", (http, ...rest) => http.turnAway(...rest));
  assertEquals([get.status, get.body], [503, "Too many clients are connected\n"]);
  assertEquals(fieldOf(get, "Retry-After"), "1");
  const head = await lastReply("HEAD /k HTTP/1.1\r\n", (http, ...rest) => http.turnAway(...rest));
  assertEquals([head.status, head.body], [503, ""]);
});

/** Refused requests with the status; the method comes first. */
const REFUSED: [rest: string, status: number][] = [
  ["/k HTTP/1.1\r\n\r\n", 400],
  ["/k HTTP/2.0\r\n\r\n", 505],
  ["/k what\r\n\r\n", 400],
  ["k HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["/%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["/\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["http://u@a/k HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["http:///k HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  [`/${"k".repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
  [`/k HTTP/1.1\r\nHost: a\r\nA: ${"b".repeat(20_000)}\r\n\r\n`, 431],
  ["/k HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n", 400],
  ["/k HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400],
  ["/k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501],
  ["/k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx", 400],
  ["/k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n", 413],
];

Deno.test("every refusal ends the connection, and has no body for HEAD", async () => {
  for (const [rest, status] of REFUSED) {
    for (const method of ["GET", "HEAD"]) {
      const reply = await replyTo(`${method} ${rest}`, answer(null));
      const text = `${method} ${rest.slice(0, 60)}`;
      assertEquals([reply.status, reply.last], [status, true], text);
      assertEquals(fieldOf(reply, "Connection"), "close", text);
      assertEquals(reply.body === "", method === "HEAD", text);
      assertEquals(Number(fieldOf(reply, "Content-Length")) > 0, true, text);
    }
  }
});

Deno.test("the body of a refused target says what is wrong and how to write it", async () => {
  const table: [target: string, body: string][] = [
    ["/\xc3\xa9", "The target contains the byte 0xC3: wanted it written as %C3"],
    ["/a#b", "The target contains the byte 0x23: wanted it written as %23"],
    ["/<a>", "The target contains the byte 0x3C: wanted it written as %3C"],
    ["/a\x01", "The target contains the byte 0x01: wanted it written as %01"],
    [
      "/a b",
      "The request line does not end in ` HTTP/1.1`: wanted a space in the target written as %20",
    ],
    [
      "/%zz",
      "The path contains a % without two hexadecimal digits: wanted % itself written as %25",
    ],
    ["http://u:p@a/k", "The target contains a user: wanted it in the Authorization field"],
    ["http:///k", "The target does not name a host"],
    ["*", "The target is not a path: wanted /key"],
    ["k", "The target is not a path: wanted /key"],
  ];
  for (const [target, body] of table) {
    const reply = await replyTo(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`, answer(null));
    assertEquals([reply.status, reply.body, reply.last], [400, `${body}\n`, true], target);
  }
});

Deno.test("a malformed target is refused for every method, and pages may read the reason", async () => {
  for (const method of ["OPTIONS", "PUT", "FROB"]) {
    const request = `${method} /%zz HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\n\r\n`;
    const reply = await replyTo(request, answer(null), { corsOrigins: ["*"] });
    assertEquals([reply.status, reply.last], [400, true], method);
    assertEquals(fieldOf(reply, "Access-Control-Allow-Origin"), "*");
  }
});
