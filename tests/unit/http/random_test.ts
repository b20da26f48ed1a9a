import { assertEquals } from "@std/assert";
import { Http } from "../../../src/http/mod.ts";
import type { Lookup } from "../../../src/core/types.ts";
import { PEER } from "../../support/resp_context.ts";
import { httpContext } from "../../support/http_context.ts";
import { splitReplies } from "../../support/http_replies.ts";
import { feed, inputOf, random, written } from "../../support/wire.ts";

const LOOKUP: Lookup = {
  get: () => new Uint8Array(5),
  together: (read) => read(),
  explain: () => ({}),
};

/** Parts of requests: a beginning, fields and a body, and some invalid parts. */
const STARTS = ["GET", "GET", "HEAD", "POST", "OPTIONS"].map((method) =>
  `${method} /k HTTP/1.1\r\nHost: a\r\n`
);
const FIELDS = [
  "Range: bytes=1-2\r\n",
  "If-None-Match: *\r\n",
  "Expect: 100-continue\r\n",
  "A: b\r\n",
];
const ENDS = [
  "\r\n",
  "\r\n",
  "Content-Length: 5\r\n\r\nhello",
  "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
  "Connection: close\r\n\r\n",
];
const NOISE = ["\n", "\r", " ", "\t", ":", "\0", "\xff", "\r\n", "5", ";a", "*1\r\n$4\r\nPING\r\n"];

/** Random requests, some of them malformed. */
function randomText(next: () => number): string {
  const pick = (from: readonly string[]) => from[Math.floor(next() * from.length)]!;
  const noise = () => next() < 0.03 ? pick(NOISE) : "";
  let text = "";
  for (let requests = next() * 4; requests > 0; requests--) {
    text += noise() + pick(STARTS) + noise();
    for (let fields = next() * 3; fields > 1; fields--) text += pick(FIELDS) + noise();
    text += pick(ENDS);
  }
  return text;
}

/**
 * The replies to pieces until the connection ends. Every reply must have the length that it states.
 */
async function repliesTo(pieces: Iterable<string>): Promise<number[]> {
  const input = inputOf("");
  const http = new Http(httpContext(), PEER);
  const statuses: number[] = [];
  for (const piece of pieces) {
    feed(input, piece);
    for (let taken = http.next(input); taken !== undefined; taken = http.next(input)) {
      const found = await taken.read(LOOKUP, 0);
      const text = await written((output) => taken!.reply(output, found));
      const isHead = "mode" in taken && (taken.mode as { isHead: boolean }).isHead;
      const replies = splitReplies(text, isHead ? ["HEAD"] : []);
      statuses.push(...replies.map(({ status }) => status));
      if (taken.last) return statuses;
    }
  }
  return statuses;
}

Deno.test("HTTP replies to random requests in the same way as a whole and byte by byte", async () => {
  const next = random(16);
  const seen = new Set<number>();
  for (let round = 0; round < 1500; round++) {
    const text = randomText(next);
    const whole = await repliesTo([text]);
    assertEquals(await repliesTo(text), whole, JSON.stringify(text));
    for (const status of whole) seen.add(status);
  }
  // The test must meet all kinds of replies.
  assertEquals([200, 206, 304, 400, 405].filter((status) => !seen.has(status)), []);
});
