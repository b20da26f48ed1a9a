import { assert, assertEquals } from "@std/assert";
import type { Buffer } from "node:buffer";
import { Input } from "../../../src/server/input.ts";
import type { Arguments } from "../../../src/resp/parse/arguments.ts";
import { RespParser } from "../../../src/resp/parse/parser.ts";
import { request } from "../../support/client.ts";
import { ALL_BYTES, cuts, feed } from "../../support/wire.ts";

const LIMITS = { bulkBytes: 1000, argumentCount: 10, inlineBytes: 64, requestBytes: 10_000 };

/** Parses bytes that arrive in pieces. Returns all requests, and the error that ended them. */
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
      requests.push(stringsOf(parser.args));
    }
  }
  return [requests, null];
}

function stringsOf(args: Arguments): string[] {
  return Array.from({ length: args.count }, (_, index) => args.string(index));
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

Deno.test("RespParser.next() accepts exactly the limits", () => {
  const most = request(...Array(10).fill("x".repeat(1000)));
  assertEquals(parse([most])[0][0]?.length, 10);
  assertEquals(parse(["x".repeat(64) + "\n"]), [[["x".repeat(64)]], null]);
});

Deno.test("RespParser.next() takes a longer line if its end has come, as Redis does up to its last read", () => {
  const most = LIMITS.inlineBytes + 16 * 1024;
  assertEquals(parse(["x".repeat(most) + "\n"]), [[["x".repeat(most)]], null]);
  assertEquals(parse(["x".repeat(most + 1) + "\n"]), [[], "too big inline request"]);
  assertEquals(parse(["x".repeat(LIMITS.inlineBytes + 1)]), [[], "too big inline request"]);
  assertEquals(parse([`*${"1".repeat(LIMITS.inlineBytes)}`]), [[], "too big mbulk count string"]);
  assertEquals(parse([`*${"1".repeat(LIMITS.inlineBytes)}\r\n`]), [[], "invalid multibulk length"]);
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
  assertEquals(parser.args.count, count);
  assert(looks < 10 * 7 * count, `${looks} bytes read of ${count} arguments that came one by one`);
});

Deno.test("RespParser.next() accepts little from a client before authentication", () => {
  const limits = { ...LIMITS, argumentCount: 2 ** 20, bulkBytes: 2 ** 26 };
  const cases: [string, [string[][], string | null]][] = [
    [request(..."abcdefghij"), [[[..."abcdefghij"]], null]],
    ["*11\r\n", [[], "unauthenticated multibulk length"]],
    ["*1\r\n$16384\r\n", [[], null]],
    ["*1\r\n$16385\r\n", [[], "unauthenticated bulk length"]],
  ];
  for (const [bytes, wanted] of cases) assertEquals(parse([bytes], limits, false), wanted, bytes);
});

Deno.test("RespParser.stream() consumes a request as it arrives, and finds the next one", () => {
  const limits = { ...LIMITS, bulkBytes: 2 ** 26 };
  const set = request("SET", "key", "v".repeat(9000), "", "w");
  for (const { name, pieces } of cuts(`*0\r\n${set}${request("GET", "key")}`)) {
    if (name === "whole") continue;
    const input = new Input();
    const parser = new RespParser(limits);
    const requests: string[][] = [];
    let isStreaming = false;
    let consumed = "";
    const next = () => {
      const from = input.start;
      const isOver = parser.next(input);
      if (isStreaming) consumed += input.latin1(from, input.start);
      if (isOver) requests.push(stringsOf(parser.args));
      isStreaming &&= !isOver;
      return isOver;
    };
    for (const piece of pieces) {
      feed(input, piece);
      while (next());
      if (requests.length > 0 || isStreaming || input.length < 2000) continue;
      assertEquals([parser.hasName, parser.peek(input).count], [true, 3]);
      const [command, key, value, ...rest] = stringsOf(parser.peek(input));
      assertEquals([command, key, rest], ["SET", "key", []]);
      assert(/^v{1900,}$/.test(value!));
      parser.stream();
      isStreaming = true;
      while (next());
    }
    assert(input.length < 2100, `${name}: ${input.length} bytes kept`);
    assertEquals(requests, [[], ["GET", "key"]], name);
    // All bytes of the request can be passed on.
    assert(consumed === set, name);
  }
});

Deno.test("RespParser.stream() ends with the error in the bytes that follow", () => {
  const parser = new RespParser({ ...LIMITS, bulkBytes: 10_000 });
  const input = new Input();
  feed(input, `*3\r\n$3\r\nSET\r\n$9000\r\n${"v".repeat(8000)}`);
  assert(!parser.next(input));
  parser.stream();
  assert(!parser.next(input));
  assertEquals(input.length, 0);
  feed(input, `${"v".repeat(1000)}\r\n$-5\r\n`);
  assert(parser.next(input));
  assertEquals(parser.error, "invalid bulk length");
});

Deno.test("RespParser.next() pauses in requests that are quick to send and slow to parse", () => {
  const many = { ...LIMITS, argumentCount: 2 ** 20 };
  const count = 100_000;
  const cases = {
    "negative arrays": "*-1\r\n".repeat(count),
    "empty arrays": "*0\r\n".repeat(count),
    "empty lines": "\r\n".repeat(count),
    "blank lines": " \n".repeat(count),
    "bulk strings": `*${count}\r\n${"$1\r\nx\r\n".repeat(count)}`,
  };
  for (const [name, bytes] of Object.entries(cases)) {
    for (const isStreamed of [false, true]) {
      if (isStreamed && name !== "bulk strings") continue;
      const input = new Input();
      feed(input, bytes + "PING\r\n");
      const parser = new RespParser(many);
      let pauses = 0;
      let requests = 0;
      for (;;) {
        const before = input.length;
        if (parser.next(input)) requests++;
        else if (parser.isPaused) pauses++;
        else break;
        if (isStreamed && pauses === 1) parser.stream();
        assert(before - input.length < 120_000 || requests > 0, `${name}: too much at once`);
      }
      assertEquals([input.length, parser.isPaused], [0, false], name);
      assertEquals(requests, name === "bulk strings" ? 2 : 1, name);
      assert(pauses >= count / 8192 - 1, `${name}: ${pauses} pauses`);
    }
  }
});

Deno.test("taken arguments do not change when the input moves on", () => {
  for (const bytes of [request("MGET", "a", "", ALL_BYTES), "MGET a '' \"b c\"\r\n"]) {
    const input = new Input();
    const parser = new RespParser(LIMITS);
    feed(input, `PING\r\n${bytes}`);
    assert(parser.next(input) && parser.next(input));
    const wanted = stringsOf(parser.args);
    const [args] = parser.args.take();
    feed(input, request("GET", "x".repeat(400)));
    assert(parser.next(input));
    assertEquals(stringsOf(parser.args), ["GET", "x".repeat(400)]);
    assertEquals(stringsOf(args!), wanted);
    if (args!.bytes !== null) {
      const last = args!.bytes.subarray(args!.from(3), args!.to(3));
      assertEquals(last.toString("latin1"), wanted[3]);
    }
    assertEquals(`${args!.copy(0)}`, "MGET");
    assertEquals(args!.string(0, 2), "MG");
  }
});

Deno.test("a large request that is set aside as it arrives leaves the input small, and is complete", () => {
  const keys = Array.from({ length: 2000 }, (_, index) => `${index}`.repeat(index % 30));
  const limits = { ...LIMITS, argumentCount: 2 ** 20 };
  for (const size of [7, 500, 3000]) {
    const bytes = request("MGET", ...keys) + request("PING");
    const parser = new RespParser(limits);
    const input = new Input();
    const found: string[][] = [];
    for (let at = 0; at < bytes.length; at += size) {
      feed(input, bytes.slice(at, at + size));
      while (parser.next(input) || parser.isPaused) {
        assertEquals(parser.args.length, request(...stringsOf(parser.args)).length);
        found.push(parser.args.take().flatMap(stringsOf));
      }
      if (input.length >= 1000) parser.setAside(input);
      assert(input.length < 4000, `${input.length} bytes in the input`);
    }
    assertEquals(found, [["MGET", ...keys], ["PING"]], `pieces of ${size} bytes`);
  }
});
