import { assertEquals, assertThrows } from "@std/assert";
import { parseReply, type Reply, ReplyError } from "../../../../src/origin/wire/reply.ts";
import { bytesOf, randomReply, SAMPLES } from "../../../support/resp3.ts";
import { random } from "../../../support/wire.ts";

/** A reply with errors as what they say, without where in the program they were made. */
function plain(reply: Reply): unknown {
  if (reply instanceof ReplyError) return { error: reply.message };
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

Deno.test("parseReply() refuses to nest without end", () => {
  assertThrows(() => parseReply(bytesOf("*1\r\n".repeat(100_000) + "*0\r\n")), Error, "too deep");
});
