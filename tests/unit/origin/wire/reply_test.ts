import { assertEquals, assertThrows } from "@std/assert";
import { fieldOf, parseReply, type Reply, ReplyError } from "../../../../src/origin/wire/reply.ts";
import { bytesOf, randomReply, SAMPLES } from "../../../support/resp3.ts";
import { random } from "../../../support/wire.ts";

/** A reply with errors as what they say, without where in the program they were made. */
function plain(reply: Reply): unknown {
  if (reply instanceof ReplyError) return { error: reply.message };
  if (reply instanceof Map) return new Map([...reply].map(([key, value]) => [key, plain(value)]));
  return Array.isArray(reply) ? reply.map(plain) : reply;
}

Deno.test("parseReply() reads a reply of every type", () => {
  for (const { text, value } of SAMPLES) {
    assertEquals(plain(parseReply(bytesOf(`junk${text}`), 4)), plain(value), JSON.stringify(text));
  }
});

Deno.test("parseReply() reads random nested replies", () => {
  const next = random(4);
  for (let round = 0; round < 2000; round++) {
    const { text, value } = randomReply(next);
    assertEquals(plain(parseReply(bytesOf(text))), plain(value), JSON.stringify(text));
  }
});

Deno.test("parseReply() refuses endless nesting", () => {
  assertThrows(() => parseReply(bytesOf("*1\r\n".repeat(100_000) + "*0\r\n")), Error, "too deep");
});

Deno.test("fieldOf() finds a field of a map in either protocol, and none elsewhere", () => {
  for (const text of ["%2\r\n+a\r\n+b\r\n+b\r\n:2\r\n", "*4\r\n+a\r\n+b\r\n+b\r\n:2\r\n"]) {
    const reply = parseReply(bytesOf(text));
    assertEquals(["a", "b", "c"].map((name) => fieldOf(reply, name)), ["b", 2, undefined]);
  }
  for (const text of ["+a\r\n", "_\r\n", "*1\r\n+a\r\n", "%0\r\n"]) {
    assertEquals(fieldOf(parseReply(bytesOf(text)), "a"), undefined);
  }
});
