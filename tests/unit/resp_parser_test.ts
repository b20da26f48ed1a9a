import { assertEquals } from "@std/assert";
import { Input } from "../../src/input.ts";
import { RESP_LIMITS, type RespLimits } from "../../src/resp/limits.ts";
import { RespParser } from "../../src/resp/parser.ts";
import { request } from "../support/client.ts";
import { cuts, feed, seeded } from "../support/feed.ts";

/** Requests as lists of arguments; a protocol error, which ends them, as its text. */
type Parsed = (string[] | string)[];

const SMALL: RespLimits = { bulkBytes: 100, argumentCount: 5, inlineBytes: 40, requestBytes: 1000 };

function parse(pieces: readonly string[], limits = RESP_LIMITS, isTrusted = true): Parsed {
  const input = new Input();
  const parser = new RespParser(limits, isTrusted);
  const parsed: Parsed = [];
  for (const piece of pieces) {
    feed(input, piece, () => {
      while (parser.error === null && parser.next(input)) {
        parsed.push(
          parser.error ??
            Array.from({ length: parser.count }, (_, index) => parser.string(index)),
        );
      }
    });
  }
  return parsed;
}

const GET = request("GET", "key");
const ODD = "\0\r\n\x80\xff$5\r\n*2\r\n";

const TABLE: readonly [name: string, text: string, wanted: Parsed][] = [
  ["one request", GET, [["GET", "key"]]],
  ["several requests", GET + GET + GET, [["GET", "key"], ["GET", "key"], ["GET", "key"]]],
  ["binary arguments", request(ODD, "", ODD), [[ODD, "", ODD]]],
  ["many arguments", request(..."abcdefghijklmnop"), [[..."abcdefghijklmnop"]]],
  ["an argument longer than a read", request("x".repeat(5000)), [["x".repeat(5000)]]],
  ["empty and negative arrays", "*0\r\n*-1\r\n*-10\r\n" + GET, [["GET", "key"]]],
  ["inline", "GET key\r\nPING\nECHO  a\t\r\n", [["GET", "key"], ["PING"], ["ECHO", "a"]]],
  ["inline with quotes", `GET "a b" 'c\\'d' "\\x00\\n"\r\n`, [["GET", "a b", "c'd", "\0\n"]]],
  ["empty lines", "\r\n\n\r\n   \r\nPING\r\n", [["PING"]]],
  ["both forms in turn", `PING\r\n${GET}PING\r\n`, [["PING"], ["GET", "key"], ["PING"]]],
  ["no count", "*\r\n", ["invalid multibulk length"]],
  ["odd counts", "*1x\r\n", ["invalid multibulk length"]],
  ["a count with a leading zero", "*01\r\n", ["invalid multibulk length"]],
  ["a count beyond all numbers", "*99999999999999999999999\r\n", ["invalid multibulk length"]],
  ["an announced two thousand million", "*2000000000\r\n", ["invalid multibulk length"]],
  ["another type for an argument", GET + "*1\r\n+x\r\n", [["GET", "key"], "expected '$', got '+'"]],
  ["no length", "*1\r\n$\r\n", ["invalid bulk length"]],
  ["a null argument", "*1\r\n$-1\r\n", ["invalid bulk length"]],
  ["a length of letters", "*2\r\n$3\r\nGET\r\n$abc\r\n", ["invalid bulk length"]],
  ["a length out of bounds", "*1\r\n$536870913\r\n", ["invalid bulk length"]],
  ["an open quote", 'GET "key\r\n', ["unbalanced quotes in request"]],
  ["a quote in a word", 'GET "key"x\r\n', ["unbalanced quotes in request"]],
  ["nothing behind an error", "*x\r\n" + GET, ["invalid multibulk length"]],
];

Deno.test("RespParser.next() understands the same in one chunk, byte by byte and at random cuts", async (t) => {
  const random = seeded(1);
  for (const [name, text, wanted] of TABLE) {
    await t.step(name, () => {
      for (const pieces of [...cuts(text, random), ...cuts(text, random)]) {
        assertEquals(parse(pieces), wanted, `${pieces.length} pieces`);
      }
    });
  }
});

Deno.test("RespParser.next() bounds lines, arguments and their lengths before they are there", () => {
  const cases: [text: string, wanted: Parsed][] = [
    [request(..."abcde"), [[..."abcde"]]],
    ["*6\r\n", ["invalid multibulk length"]],
    [request("x".repeat(100)), [["x".repeat(100)]]],
    ["*1\r\n$101\r\n", ["invalid bulk length"]],
    [`${"x".repeat(40)}\n`, [["x".repeat(40)]]],
    ["x".repeat(41), ["too big inline request"]],
    [`*${"1".repeat(40)}`, ["too big mbulk count string"]],
    [`*1\r\n$${"1".repeat(40)}`, ["too big bulk count string"]],
  ];
  for (const [text, wanted] of cases) {
    for (const pieces of cuts(text, seeded(2))) assertEquals(parse(pieces, SMALL), wanted, text);
  }
});

Deno.test("RespParser.next() takes little from a client that has not authenticated", () => {
  const cases: [text: string, wanted: Parsed][] = [
    [request(..."abcdefghij"), [[..."abcdefghij"]]],
    ["*11\r\n", ["unauthenticated multibulk length"]],
    ["*1\r\n$16384\r\n", []],
    ["*1\r\n$16385\r\n", ["unauthenticated bulk length"]],
  ];
  for (const [text, wanted] of cases) {
    assertEquals(parse([text], RESP_LIMITS, false), wanted, text);
  }
});

Deno.test("RespParser.isGet tells GET with one key from all else", () => {
  const cases: [text: string, isGet: boolean][] = [
    [request("GET", "key"), true],
    [request("gEt", ""), true],
    [request("GET"), false],
    [request("GET", "a", "b"), false],
    [request("SET", "key"), false],
    [request("GETX", "key"), false],
    ["GET key\r\n", false],
  ];
  for (const [text, isGet] of cases) {
    const input = new Input();
    const parser = new RespParser();
    feed(input, text, () => {});
    assertEquals(parser.next(input), true);
    assertEquals(parser.isGet, isGet, text);
  }
});

Deno.test("RespParser.isGet is false for a protocol error behind a GET", () => {
  const input = new Input();
  const parser = new RespParser();
  feed(input, request("GET", "key") + "*x\r\n", () => {});
  assertEquals([parser.next(input), parser.isGet], [true, true]);
  assertEquals([parser.next(input), parser.isGet], [true, false]);
});

Deno.test("RespParser.discard() keeps nothing of a request, and finds the next one", () => {
  for (const pieces of cuts(request("SET", "key", "v".repeat(9000), "w") + GET, seeded(3))) {
    const input = new Input();
    const parser = new RespParser();
    const seen: number[] = [];
    let isDiscarded = false;
    let largest = 0;
    for (const piece of pieces) {
      feed(input, piece, () => {
        for (;;) {
          if (parser.next(input)) seen.push(parser.count);
          else if (!isDiscarded && input.length > 2000) {
            assertEquals(parser.peek(), 3);
            assertEquals([parser.string(0), parser.string(1)], ["SET", "key"]);
            parser.discard();
            isDiscarded = true;
          } else break;
        }
        largest = Math.max(largest, input.length);
      });
    }
    if (pieces.length === 1 && !isDiscarded) continue;
    assertEquals(seen, [0, 2]);
    assertEquals(largest <= 9100, true);
  }
});
