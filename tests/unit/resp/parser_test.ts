import { assert, assertEquals } from "@std/assert";
import type { Buffer } from "node:buffer";
import { Input } from "../../../src/server/input.ts";
import { RespParser } from "../../../src/resp/parse/parser.ts";
import { request } from "../../support/client.ts";
import { ALL_BYTES, cuts, feed } from "../../support/wire.ts";

const LIMITS = { bulkBytes: 1000, argumentCount: 10, inlineBytes: 64, requestBytes: 10_000 };

/** All requests, and the error that ended them, of bytes that arrive in pieces. */
function parse(
  pieces: readonly string[],
  limits = LIMITS,
  isTrusted = true,
): [string[][], string | null] {
  const parser = new RespParser(limits, isTrusted);
  const input = new Input();
  const requests: string[][] = [];
  for (const piece of pieces) {
    feed(input, piece);
    while (parser.next(input)) {
      if (parser.error !== null) return [requests, parser.error];
      requests.push(Array.from({ length: parser.count }, (_, index) => parser.string(index)));
    }
  }
  return [requests, null];
}

const UNDERSTOOD: [string, string[][]][] = [
  [request("GET", "key"), [["GET", "key"]]],
  [request("GET", ""), [["GET", ""]]],
  [request("SET", ALL_BYTES, "\r\n$3\r\n"), [["SET", ALL_BYTES, "\r\n$3\r\n"]]],
  [request("A") + request("B", "C") + "PING\r\n", [["A"], ["B", "C"], ["PING"]]],
  ["GET key\n", [["GET", "key"]]],
  ["  GET \t key  \r\n", [["GET", "key"]]],
  ["\r\n\n\r\nPING\r\n", [["PING"]]],
  ["*0\r\n*-1\r\n" + request("PING"), [["PING"]]],
  [`get "a b" 'c"d'\r\n`, [["get", "a b", 'c"d']]],
  [`${request("MGET", "1", "2", "3")}${"PING\r\n".repeat(3)}`, [
    ["MGET", "1", "2", "3"],
    ...Array(3).fill(["PING"]),
  ]],
];

const REFUSED: [string, string][] = [
  ["*\r\n", "invalid multibulk length"],
  ["*+1\r\n", "invalid multibulk length"],
  ["*2000000000\r\n", "invalid multibulk length"],
  ["*1\r\n$\r\n", "invalid bulk length"],
  ["*1\r\n\r\n", "expected '$', got '\r'"],
  ["*x\r\n", "invalid multibulk length"],
  ["*11\r\n", "invalid multibulk length"],
  ["*01\r\n", "invalid multibulk length"],
  ["*99999999999999999999\r\n", "invalid multibulk length"],
  ["*1\r\n+PING\r\n", "expected '$', got '+'"],
  ["*1\r\n$-1\r\n", "invalid bulk length"],
  ["*1\r\n$1001\r\n", "invalid bulk length"],
  ["*1\r\n$a\r\n", "invalid bulk length"],
  ["*1" + "0".repeat(70), "too big mbulk count string"],
  ["*1\r\n$" + "1".repeat(70), "too big bulk count string"],
  ["x".repeat(65), "too big inline request"],
  ['get "key\r\n', "unbalanced quotes in request"],
  ['get "key"x\r\n', "unbalanced quotes in request"],
];

Deno.test("RespParser.next() finds the same requests at every cut", () => {
  for (const [bytes, requests] of UNDERSTOOD) {
    for (const { name, pieces } of cuts(bytes)) {
      assertEquals(parse(pieces), [requests, null], `${JSON.stringify(bytes)} ${name}`);
    }
  }
});

Deno.test("RespParser.next() refuses what Redis refuses, in its words, at every cut", () => {
  for (const [bytes, error] of REFUSED) {
    for (const { name, pieces } of cuts(request("PING") + bytes)) {
      assertEquals(parse(pieces), [[["PING"]], error], `${JSON.stringify(bytes)} ${name}`);
    }
  }
});

Deno.test("RespParser.next() takes limits at their very value", () => {
  const most = request(...Array(10).fill("x".repeat(1000)));
  assertEquals(parse([most])[0][0]?.length, 10);
  assertEquals(parse(["x".repeat(64) + "\n"]), [[["x".repeat(64)]], null]);
});

/** The bytes, with a call of `onLook` for each that is read. */
function counted(bytes: Buffer, onLook: () => void): Buffer {
  return new Proxy(bytes, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value === "number") onLook();
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

Deno.test("RespParser.next() looks at the bytes of a long request about once", () => {
  const { inlineBytes } = LIMITS;
  const limits = { ...LIMITS, bulkBytes: 2 ** 26, argumentCount: 2 ** 20, inlineBytes };
  const parser = new RespParser(limits);
  const input = new Input();
  let looks = 0;
  const seen = new Proxy(input, {
    get(target, name) {
      if (name === "bytes") return counted(target.bytes, () => looks++);
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const count = 5000;
  feed(input, `*${count}\r\n`);
  for (let index = 0; index < count; index++) {
    assert(!parser.next(seen));
    feed(input, "$1\r\nx\r\n");
  }
  assert(parser.next(seen));
  assertEquals(parser.count, count);
  assert(looks < 10 * 7 * count, `${looks} bytes read of ${count} arguments that came one by one`);
});

Deno.test("RespParser.next() takes little from a client that has not authenticated", () => {
  const limits = { ...LIMITS, argumentCount: 2 ** 20, bulkBytes: 2 ** 26 };
  const cases: [string, [string[][], string | null]][] = [
    [request(..."abcdefghij"), [[[..."abcdefghij"]], null]],
    ["*11\r\n", [[], "unauthenticated multibulk length"]],
    ["*1\r\n$16384\r\n", [[], null]],
    ["*1\r\n$16385\r\n", [[], "unauthenticated bulk length"]],
  ];
  for (const [bytes, wanted] of cases) assertEquals(parse([bytes], limits, false), wanted, bytes);
});

Deno.test("RespParser.discard() keeps nothing of a request, and finds the next one", () => {
  const limits = { ...LIMITS, bulkBytes: 2 ** 26 };
  const bytes = request("SET", "key", "v".repeat(9000), "w") + request("GET", "key");
  for (const { name, pieces } of cuts(bytes)) {
    if (name === "whole") continue;
    const input = new Input();
    const parser = new RespParser(limits);
    const counts: number[] = [];
    let isDiscarded = false;
    for (const piece of pieces) {
      feed(input, piece);
      for (let isLarge = true; isLarge;) {
        while (parser.next(input)) counts.push(parser.count);
        isLarge = !isDiscarded && input.length > 2000;
        if (!isLarge) continue;
        assertEquals(parser.peek(), 3);
        assertEquals([parser.string(0), parser.string(1)], ["SET", "key"]);
        assert(/^v{1900,}$/.test(parser.string(2)));
        parser.discard();
        isDiscarded = true;
      }
      assert(input.length < 2100, `${name}: ${input.length} bytes kept`);
    }
    assertEquals(counts, [0, 2], name);
  }
});
