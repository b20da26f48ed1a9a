import { assertEquals } from "@std/assert";
import { Input } from "../../../src/server/input.ts";
import { sniff, SNIFF_LIMIT } from "../../../src/server/detect.ts";
import { feed, inputOf } from "../../support/wire.ts";

const DECIDED: [string, "http" | "resp"][] = [
  ["GET /key HTTP/1.1\r\n", "http"],
  ["GET /key HTTP/1.0\n", "http"],
  ["BREW /pot HTTP/1.1\r\n", "http"],
  ["what ever HTTP/9.9\r\n", "http"],
  ["\r\n\r\nGET / HTTP/1.1\r\n", "http"],
  ["GET key\r\n", "resp"],
  ["GET /key\r\n", "resp"],
  ["GET /key HTTP/1.1 \r\n", "resp"],
  ["GET /key HTTP/11\r\n", "resp"],
  ["HTTP/1.1\r\n", "resp"],
  ["PING\n", "resp"],
  ["*", "resp"],
  ["\n\r\n*1\r\n$4\r\nPING\r\n", "resp"],
  ["\0\r\n", "resp"],
];

Deno.test("sniff() decides by the first line, at the byte that tells and no earlier", () => {
  for (const [bytes, name] of DECIDED) {
    const input = new Input();
    for (const [index, byte] of [...bytes].entries()) {
      feed(input, byte);
      const told = sniff(input);
      if (told !== undefined) {
        assertEquals(told, name, JSON.stringify(bytes));
        assertEquals(bytes.slice(index).length, /\*/.test(bytes) ? bytes.length - index : 1);
        break;
      }
    }
    assertEquals(sniff(input), name, JSON.stringify(bytes));
  }
});

Deno.test("sniff() leaves the first line to the parser, and drops empty lines before it", () => {
  const input = inputOf("\r\n\nPING\r\n");
  sniff(input);
  assertEquals(input.latin1(input.start, input.end), "PING\r\n");
});

Deno.test("sniff() does not keep empty lines while it waits", () => {
  const input = inputOf("\r\n".repeat(100_000));
  assertEquals(sniff(input), undefined);
  assertEquals(input.length, 0);
});

Deno.test("sniff() judges an endless line by its beginning once it is too long", () => {
  const long = "x".repeat(SNIFF_LIMIT);
  assertEquals(sniff(inputOf(`GET /${long}`.slice(0, SNIFF_LIMIT - 1))), undefined);
  assertEquals(sniff(inputOf(`GET /${long}`.slice(0, SNIFF_LIMIT))), "http");
  assertEquals(sniff(inputOf(long)), "resp");
});
