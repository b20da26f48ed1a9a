import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { beginsWithProxyHeader, takeProxyHeader } from "../../../src/server/proxy_header.ts";
import { inputOf } from "../../support/wire.ts";

const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";

/** A header of version 2. */
function binary(command: number, family: number, body: number[], length = body.length): string {
  const fixed = Buffer.from([command, family, length >> 8, length & 255]);
  return SIGNATURE + Buffer.concat([fixed, Buffer.from(body)]).toString("latin1");
}

const TCP4 = [192, 0, 2, 1, 198, 51, 100, 2, 0xdc, 0x04, 0x1f, 0x90];
const TCP6 = [
  ...[0x20, 0x01, 0x0d, 0xb8, ...Array(11).fill(0), 1],
  ...[0x20, 0x01, 0x0d, 0xb8, ...Array(11).fill(0), 2],
  ...[0xdc, 0x04, 0x1f, 0x90],
];

/** The two ends in a header, "own" for those of the connection, or why there is no header. */
function taken(text: string): string {
  const input = inputOf(text);
  const header = takeProxyHeader(input);
  if (header === undefined) return "more";
  if (header === null) return "none";
  const rest = input.latin1(input.start, input.end);
  const { peer } = header;
  return `${peer === null ? "own" : `${peer.remote} ${peer.local}`} ${rest}`.trimEnd();
}

Deno.test("takeProxyHeader() reads both versions, and leaves the bytes after the header", () => {
  const ends = "192.0.2.1:56324 198.51.100.2:8080";
  const ends6 = "[2001:db8::1]:56324 [2001:db8::2]:8080";
  const cases: [text: string, wanted: string][] = [
    ["PROXY TCP4 192.0.2.1 198.51.100.2 56324 8080\r\nPING\r\n", `${ends} PING`],
    ["PROXY TCP6 2001:db8::1 2001:DB8:0:0:0:0:0:2 56324 8080\r\n", ends6],
    ["PROXY UNKNOWN\r\nPING", "own PING"],
    ["PROXY UNKNOWN ffff::1 whatever 1 2\r\n", "own"],
    [binary(0x21, 0x11, TCP4) + "PING\r\n", `${ends} PING`],
    [binary(0x21, 0x21, TCP6), ends6],
    // Extensions follow the addresses, and may be many.
    [binary(0x21, 0x11, [...TCP4, 4, 0, 1, 0]) + "x", `${ends} x`],
    [binary(0x21, 0x11, [...TCP4, ...Array(4000).fill(4)]) + "x", `${ends} x`],
    // A health check of the load balancer itself; families that have no address and port.
    [binary(0x20, 0x00, []) + "x", "own x"],
    [binary(0x20, 0x11, TCP4), "own"],
    [binary(0x21, 0x00, [1, 2, 3]) + "x", "own x"],
    [binary(0x21, 0x12, TCP4), "own"],
    [binary(0x21, 0x31, Array(216).fill(65)) + "x", "own x"],
  ];
  for (const [text, wanted] of cases) {
    assertEquals(taken(text), wanted, JSON.stringify(text));
    const length = text.length - (wanted.endsWith("PING") ? text.length - text.indexOf("PING") : 0);
    for (let cut = 0; cut < length - (wanted.endsWith(" x") ? 1 : 0); cut++) {
      assertEquals(taken(text.slice(0, cut)), "more", `${JSON.stringify(text)} cut at ${cut}`);
    }
  }
});

Deno.test("takeProxyHeader() accepts nothing else as a header", () => {
  const cases = [
    "PING\r\n",
    "*1\r\n$4\r\nPING\r\n",
    "GET / HTTP/1.1\r\n",
    "PROXY\r\n",
    "PROXY HELP\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.2 56324\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.2 56324 8080\n",
    "PROXY TCP4 192.0.2.256 198.51.100.2 56324 8080\r\n",
    "PROXY TCP4 192.0.2 198.51.100.2 56324 8080\r\n",
    "PROXY TCP4 2001:db8::1 2001:db8::2 56324 8080\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.2 65536 8080\r\n",
    "PROXY TCP6 192.0.2.1 198.51.100.2 56324 8080\r\n",
    "PROXY TCP6 2001:db8::1::2 2001:db8::2 56324 8080\r\n",
    "PROXY TCP6 host ::1 1 2\r\n",
    "PROXY UDP4 192.0.2.1 198.51.100.2 56324 8080\r\n",
    "PROXY UNKNOWNX\r\n",
    `PROXY UNKNOWN ${"x".repeat(200)}`,
    `PROXY UNKNOWN ${"x".repeat(200)}\r\n`,
    binary(0x22, 0x11, TCP4),
    binary(0x11, 0x11, TCP4),
    binary(0x21, 0x11, TCP4.slice(0, 11)),
    binary(0x21, 0x21, TCP4),
    binary(0x21, 0x11, [], 20_000),
    "\r\n\r\n\0\r\nQUITx",
  ];
  for (const text of cases) assertEquals(taken(text), "none", JSON.stringify(text));
});

Deno.test("takeProxyHeader() accepts the longest allowed line, and no longer one", () => {
  const longest = `PROXY UNKNOWN ${"f".repeat(107 - 16)}\r\n`;
  assertEquals([longest.length, taken(longest)], [107, "own"]);
  assertEquals(taken(longest.slice(0, 106)), "more");
  assertEquals(taken(longest.replace(" ", " f")), "none");
});

Deno.test("beginsWithProxyHeader() distinguishes a header from requests, also from our PROXY command", () => {
  const begins = (text: string) => beginsWithProxyHeader(inputOf(text));
  for (
    const text of [
      "PROXY TCP4 192.0.2.1",
      "PROXY TCP6 nonsense\r\n",
      "PROXY UNKNOWN\r\n",
      binary(0x21, 0x11, TCP4),
      SIGNATURE,
    ]
  ) assertEquals(begins(text), true, JSON.stringify(text));
  for (
    const text of [
      "PROXY HELP\r\n",
      "PROXY EXPLAIN TCP4\r\n",
      "proxy unknown\r\n",
      "*2\r\n$5\r\nPROXY\r\n$4\r\nTCP4\r\n",
      "\r\nPING\r\n",
      "GET / HTTP/1.1\r\n",
    ]
  ) assertEquals(begins(text), false, JSON.stringify(text));
  for (let cut = 1; cut < SIGNATURE.length; cut++) {
    assertEquals(begins(SIGNATURE.slice(0, cut)), undefined);
  }
});
