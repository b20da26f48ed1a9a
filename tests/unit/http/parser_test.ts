import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { BODY_BYTES } from "../../../src/http/body.ts";
import { FIELDS_BYTES, type Head, HttpParser } from "../../../src/http/parser.ts";
import type { RawFields } from "../../../src/http/raw_fields.ts";
import { Refusal } from "../../../src/http/refusal.ts";
import { LINE_BYTES } from "../../../src/http/request_line.ts";
import { Input } from "../../../src/server/input.ts";
import { feed } from "../../support/wire.ts";

type Result = Head<RawFields> | Refusal;

/** Parses pieces until the first refusal. */
function parse(pieces: Iterable<Uint8Array>, parser = new HttpParser((raw) => raw)): Result[] {
  const input = new Input();
  const results: Result[] = [];
  for (const piece of pieces) {
    feed(input, piece);
    for (let next = parser.next(input); next !== undefined; next = parser.next(input)) {
      results.push(next);
      if (next instanceof Refusal) return results;
    }
  }
  return results;
}

/** The results for a whole text, which must be the same byte by byte and at any cut. */
function results(text: string): string[] {
  const bytes = Buffer.from(text, "latin1");
  const whole = parse([bytes]).map(describe);
  assertEquals(parse(bytes.toString("latin1").split("").map(one)).map(describe), whole, text);
  if (bytes.length > 1000) return whole;
  for (let cut = 1; cut < bytes.length; cut++) {
    const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)];
    assertEquals(parse(pieces).map(describe), whole, `${text} cut at ${cut}`);
  }
  return whole;
}

function one(char: string): Uint8Array {
  return Buffer.from(char, "latin1");
}

function describe(result: Result): string {
  if (result instanceof Refusal) return `${result.status}`;
  const { line: { method, key, target, isHttp11 }, isBodyLeft } = result;
  return `${method} ${key === null ? `target ${target}` : `key ${key}`} 1.${isHttp11 ? 1 : 0}${
    isBodyLeft ? " left" : ""
  }`;
}

const GET = "GET /k HTTP/1.1\r\nHost: a\r\n";

Deno.test("HttpParser.next() reads request lines", () => {
  const table: [string, string][] = [
    ["GET / HTTP/1.1", "GET key  1.1"],
    ["GET /key HTTP/1.1", "GET key key 1.1"],
    ["HEAD /a/b HTTP/1.0", "HEAD key a/b 1.0"],
    ["GET /user:{1}|[x] HTTP/1.9", "GET key user:{1}|[x] 1.1"],
    ["GET /a%20b HTTP/1.1", "GET target /a%20b 1.1"],
    ["GET /a?b HTTP/1.1", "GET target /a?b 1.1"],
    ["GET http://h/a HTTP/1.1", "GET target http://h/a 1.1"],
    ["OPTIONS * HTTP/1.1", "OPTIONS target * 1.1"],
    ["M-X!#$%&'*+.^_`|~ /k HTTP/1.1", "M-X!#$%&'*+.^_`|~ key k 1.1"],
    ["GET /k HTTP/2.0", "505"],
    ["GET /k HTTP/0.9", "505"],
    ["PRI * HTTP/2.0", "505"],
    ["GET /k http/1.1", "400"],
    ["GET /k HTTP/1.10", "400"],
    ["GET /k HTTP/1", "400"],
    ["GET /k", "400"],
    ["GET  /k HTTP/1.1", "400"],
    ["GET /k  HTTP/1.1", "400"],
    ["GET\t/k HTTP/1.1", "400"],
    ["GET /k HTTP/1.1 ", "400"],
    [" GET /k HTTP/1.1", "400"],
    ["G(T /k HTTP/1.1", "400"],
    ["G\x80T /k HTTP/1.1", "400"],
    ["GET /a\x00b HTTP/1.1", "400"],
    ["GET /a\x7fb HTTP/1.1", "400"],
    ["GET /\xe9 HTTP/1.1", "400"],
    ["GET /a#b HTTP/1.1", "400"],
    ['GET /a"b HTTP/1.1', "400"],
    ["GET /<a> HTTP/1.1", "400"],
    ["*1", "400"],
  ];
  for (const [line, wanted] of table) {
    assertEquals(results(`${line}\r\nHost: a\r\n\r\n`), [wanted], line);
  }
});

Deno.test("HttpParser.next() refuses field lines that two programs might read differently", () => {
  const table: [string, string][] = [
    ["A: b", "GET key k 1.1"],
    ["A:b", "GET key k 1.1"],
    ["A: \t b c \t", "GET key k 1.1"],
    ["A:", "GET key k 1.1"],
    ["A: \x80\xff", "GET key k 1.1"],
    ["!#$%&'*+-.^_`|~09azAZ: b", "GET key k 1.1"],
    ["A : b", "400"],
    ["A\t: b", "400"],
    [": b", "400"],
    ["A", "400"],
    ["A b: c", "400"],
    ["A(: c", "400"],
    ["A\x80: c", "400"],
    ["A: b\x00c", "400"],
    ["A: b\x0bc", "400"],
    ["A: b\x7fc", "400"],
    ["A: b\rc", "400"],
    ["A: b\r\r", "400"],
    ["A: b\nC: d", "400"],
    ["A: b\r\n c", "400"],
    ["A: b\r\n\tc", "400"],
    [" A: b", "400"],
    ["\rA: b", "400"],
    ["Host: b", "400"],
    ["host : b", "400"],
  ];
  for (const [line, wanted] of table) {
    assertEquals(results(`${GET}${line}\r\n\r\n`), [wanted], line);
  }
});

Deno.test("HttpParser.next() refuses bare line feeds at once, without waiting for more", () => {
  for (const text of ["GET /k HTTP/1.1\n", "\n", `${GET}\n`, `${GET}A: b\n`, `${GET}A\n`]) {
    assertEquals(results(text), ["400"], text);
  }
});

Deno.test("HttpParser.next() skips empty lines before a request, and requests follow in order", () => {
  assertEquals(results(`\r\n\r\n${GET}\r\n\r\n${GET}\r\n`), ["GET key k 1.1", "GET key k 1.1"]);
  const other = "GET /l HTTP/1.0\r\n\r\n";
  assertEquals(results(`${GET}\r\n${other}${GET}\r\n${GET}X: y\r\n\r\n${GET}\r\nG`), [
    "GET key k 1.1",
    "GET key l 1.0",
    "GET key k 1.1",
    "GET key k 1.1",
    "GET key k 1.1",
  ]);
});

Deno.test("HttpParser.next() skips exactly the body", () => {
  const table: [fields: string, body: string][] = [
    ["Content-Length: 0", ""],
    ["Content-Length: 5", "hello"],
    ["Content-Length: 00005", "hello"],
    ["Content-Length: 18", "GET /x HTTP/1.1\r\n\r"],
    ["Content-Length: 14", "*1\r\n$4\r\nPING\r\n"],
    ["Transfer-Encoding: chunked", "0\r\n\r\n"],
    ["transfer-encoding:\tChunked ", "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"],
    ["Transfer-Encoding: chunked", "0000000A\r\nGET / HTTP\r\n00\r\nTrailer: x\r\nA: b\r\n\r\n"],
  ];
  for (const [fields, body] of table) {
    assertEquals(
      results(`POST /p HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}${GET}\r\n`),
      ["POST key p 1.1", "GET key k 1.1"],
      fields,
    );
  }
});

Deno.test("HttpParser.next() refuses framings that allow smuggling", () => {
  const table: [fields: string, status: string][] = [
    ["Content-Length: 1\r\nContent-Length: 1", "400"],
    ["Content-Length: 1\r\nContent-Length: 2", "400"],
    ["Content-Length: 1, 1", "400"],
    ["Content-Length: +1", "400"],
    ["Content-Length: -1", "400"],
    ["Content-Length: 0x1", "400"],
    ["Content-Length: 1 1", "400"],
    ["Content-Length: 1.0", "400"],
    ["Content-Length:", "400"],
    ["Content-Length: 9999999999999999999999", "400"],
    ["Content-Length: 1\r\nTransfer-Encoding: chunked", "400"],
    ["Transfer-Encoding: chunked\r\nContent-Length: 1", "400"],
    ["Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "400"],
    ["Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "400"],
    ["Transfer-Encoding: chunked, chunked", "501"],
    ["Transfer-Encoding: gzip, chunked", "501"],
    ["Transfer-Encoding: chunked, gzip", "400"],
    ["Transfer-Encoding: identity", "400"],
    ["Transfer-Encoding: xchunked", "400"],
    ["Transfer-Encoding: chunked;q=1", "400"],
    ['Transfer-Encoding: "chunked"', "400"],
    ["Transfer-Encoding: \x0bchunked", "400"],
    ["Transfer-Encoding : chunked", "400"],
    ["Transfer-Encoding:", "400"],
    [" Transfer-Encoding: chunked", "400"],
    ["X: y\r\n Transfer-Encoding: chunked", "400"],
    ["X: y\nTransfer-Encoding: chunked", "400"],
  ];
  const body = `0\r\n\r\n${GET}\r\n`;
  for (const [fields, status] of table) {
    const text = `POST /p HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}`;
    assertEquals(results(text), [status], fields);
  }
  assertEquals(results(`POST /p HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n${body}`), ["400"]);
});

Deno.test("HttpParser.next() refuses chunks that are not plain", () => {
  const table: [body: string, status: string][] = [
    ["5;ext=1\r\nhello\r\n0\r\n\r\n", "400"],
    ["5;\r\nhello\r\n0\r\n\r\n", "400"],
    ["5 \r\nhello\r\n0\r\n\r\n", "400"],
    [" 5\r\nhello\r\n0\r\n\r\n", "400"],
    ["+5\r\nhello\r\n0\r\n\r\n", "400"],
    ["0x5\r\nhello\r\n0\r\n\r\n", "400"],
    ["5\nhello\r\n0\r\n\r\n", "400"],
    ["5\rxhello\r\n0\r\n\r\n", "400"],
    ["5\r\nhello\n0\r\n\r\n", "400"],
    ["5\r\nhelloo\r\n0\r\n\r\n", "400"],
    ["5\r\nhello\rx0\r\n\r\n", "400"],
    ["\r\n0\r\n\r\n", "400"],
    ["000000000\r\n\r\n", "400"],
    ["-1\r\n", "400"],
    ["0\r\n A: b\r\n\r\n", "400"],
    ["0\r\nA : b\r\n\r\n", "400"],
    ["0\r\nGET / HTTP/1.1\r\n\r\n", "400"],
    ["ffffffff\r\n", "413"],
    ["10001\r\n", "413"],
  ];
  for (const [body, status] of table) {
    const text =
      `POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}${GET}\r\n`;
    assertEquals(results(text), [status], body);
  }
});

Deno.test("HttpParser.next() limits what it reads", () => {
  const line = (length: number) => `GET /${"k".repeat(length - "GET / HTTP/1.1".length)} HTTP/1.1`;
  const status = (text: string) => parse([Buffer.from(text, "latin1")]).map(describe);
  assert(status(`${line(LINE_BYTES)}\r\nHost: a\r\n\r\n`)[0]!.startsWith("GET key k"));
  assertEquals(status(`${line(LINE_BYTES + 20)}\r\nHost: a\r\n\r\n`), ["414"]);
  assertEquals(status(`GET /${"k".repeat(LINE_BYTES)}`), ["414"]);
  assertEquals(status(`${"G".repeat(LINE_BYTES + 1)}`), ["414"]);
  assertEquals(status(`${GET}A: ${"b".repeat(FIELDS_BYTES - 18)}\r\n\r\n`), ["GET key k 1.1"]);
  assertEquals(status(`${GET}A: ${"b".repeat(FIELDS_BYTES)}\r\n\r\n`), ["431"]);
  assertEquals(status(`${GET}A: ${"b".repeat(FIELDS_BYTES)}`), ["431"]);
  assertEquals(status(`${GET}${"b".repeat(FIELDS_BYTES)}`), ["431"]);
  assertEquals(status(`${GET}${"A: b\r\n".repeat(127)}\r\n`), ["GET key k 1.1"]);
  assertEquals(status(`${GET}${"A: b\r\n".repeat(128)}`), ["431"]);
  const chunked = "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  assertEquals(status(chunked + "1\r\nx\r\n".repeat(BODY_BYTES / 6 + 2)), ["413"]);
  assertEquals(status(`${chunked}0\r\nA: ${"b".repeat(BODY_BYTES)}`), ["413"]);
});

Deno.test("HttpParser.next() does not read a body that is too large, or that waits for 100-continue", () => {
  const post = "POST /p HTTP/1.1\r\nHost: a\r\n";
  assertEquals(results(`${post}Content-Length: ${BODY_BYTES + 1}\r\n\r\n`), [
    "POST key p 1.1 left",
  ]);
  assertEquals(results(`${post}Expect: 100-continue\r\nContent-Length: 1\r\n\r\n`), [
    "POST key p 1.1 left",
  ]);
  assertEquals(results(`${post}Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n`), [
    "POST key p 1.1 left",
  ]);
  assertEquals(results(`${post}Expect: 100-continue\r\n\r\n${GET}\r\n`), [
    "POST key p 1.1",
    "GET key k 1.1",
  ]);
  // An expectation of HTTP/1.0 is ignored.
  assertEquals(
    results("POST /p HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx"),
    ["POST key p 1.0"],
  );
});

Deno.test("HttpParser.next() interprets repeated fields once, and changed ones again", () => {
  const seen: string[] = [];
  const parser = new HttpParser((fields, isHttp11) => {
    seen.push(`${fields.get("range") ?? "none"} ${isHttp11}`);
    return fields;
  });
  const get = (range: string, version = "1.1") =>
    `GET /k HTTP/${version}\r\nHost: a\r\nRange: ${range}\r\n\r\n`;
  const text = get("a") + get("a") + get("a") + get("b") + get("a", "1.0") + get("a") +
    `POST /k HTTP/1.1\r\nHost: a\r\nRange: a\r\nContent-Length: 1\r\n\r\nx${get("a")}`;
  const heads = parse([Buffer.from(text)], parser) as Head<RawFields>[];
  assertEquals(seen, ["a true", "b true", "a false", "a true", "a true"]);
  assertEquals(heads.map(({ fields }) => fields.get("range")), [..."aaabaaaa"]);
});

Deno.test("HttpParser.next() joins the values of a repeated field with a comma", () => {
  const text = `${GET}If-None-Match: "a"\r\nX: y\r\nif-none-match:"b"\r\n\r\n`;
  const [head] = parse([Buffer.from(text)]) as Head<RawFields>[];
  assertEquals(head!.fields.get("if-none-match"), '"a", "b"');
  assertEquals(head!.fields.has("x"), false);
});
