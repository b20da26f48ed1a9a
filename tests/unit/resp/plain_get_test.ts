import { assert, assertEquals } from "@std/assert";
import { RESP_LIMITS } from "../../../src/resp/parse/limits.ts";
import { RespParser } from "../../../src/resp/parse/parser.ts";
import { NO_GET, takeGet } from "../../../src/resp/parse/plain_get.ts";
import { request } from "../../support/client.ts";
import { ALL_BYTES, inputOf, random } from "../../support/wire.ts";

Deno.test("takeGet() takes GET and one key, in any case, and nothing else", () => {
  const cases: [string, number][] = [
    [request("GET", "k"), 1],
    [request("gEt", "key"), 3],
    [request("GET", "k".repeat(10)), 10],
    [request("GET", "k".repeat(1000)), 1000],
    [request("GET", ALL_BYTES), 256],
    [request("GET", "k") + request("GET", "l"), 1],
    ["", NO_GET],
    ["GET k\r\n", NO_GET],
    [request("GET"), NO_GET],
    [request("GET", ""), NO_GET],
    [request("GET", "a", "b"), NO_GET],
    [request("SET", "k"), NO_GET],
    [request("GETX", "k"), NO_GET],
    [request("GET", "k".repeat(1001)), NO_GET],
    ["*2\r\n$3\r\nGET\r\n$01\r\nk\r\n", NO_GET],
    ["*2\r\n$3\r\nGET\r\n$-1\r\n", NO_GET],
    ["*2\r\n$3\r\nGET\r\n$1x\r\nk\r\n", NO_GET],
    ["*2\r\n$3\r\nGET\r\n$1\rxk\r\n", NO_GET],
    ["*2\r\n$3\r\nGET\r\n$9999999999999999999\r\nk\r\n", NO_GET],
  ];
  for (const [bytes, wanted] of cases) assertEquals(takeGet(inputOf(bytes)), wanted, bytes);
});

Deno.test("takeGet() takes nothing of an incomplete request", () => {
  const whole = request("GET", "some key");
  for (let length = 0; length < whole.length; length++) {
    const input = inputOf(whole.slice(0, length));
    assertEquals([takeGet(input), input.length], [NO_GET, length]);
  }
});

Deno.test("takeGet() agrees with the parser on everything it takes", () => {
  const next = random(23);
  let taken = 0;
  for (let round = 0; round < 20_000; round++) {
    const bytes = Array.from(
      request("GET", "k".repeat(Math.floor(next() * 30))) + request("PING"),
    );
    if (next() < 0.7) bytes[Math.floor(next() * 22)] = ALL_BYTES[Math.floor(next() * 256)]!;
    if (next() < 0.3) bytes[14] = String(Math.floor(next() * 10));
    const text = bytes.join("");
    const [short, long] = [inputOf(text), inputOf(text)];
    const length = takeGet(short);
    if (length === NO_GET) continue;
    taken++;
    const parser = new RespParser(RESP_LIMITS);
    assert(parser.next(long), text);
    assertEquals(
      [2, "GET", short.latin1(short.start - 2 - length, short.start - 2), short.start],
      [parser.args.count, parser.args.string(0).toUpperCase(), parser.args.string(1), long.start],
      text,
    );
  }
  assert(taken > 5000, `took ${taken} only`);
});
