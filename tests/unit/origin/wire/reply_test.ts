import { assertEquals, assertThrows } from "@std/assert";
import { fieldsOf, parseReply, ReplyError, textOf } from "../../../../src/origin/wire/reply.ts";
import { bytesOf, randomReply, SAMPLES } from "../../../support/resp3.ts";
import { random } from "../../../support/wire.ts";

Deno.test("parseReply() reads a reply of every type", () => {
  for (const { text, value } of SAMPLES) {
    assertEquals(parseReply(bytesOf(`junk${text}`), 4), value, JSON.stringify(text));
  }
});

Deno.test("parseReply() reads random nested replies", () => {
  const next = random(4);
  for (let round = 0; round < 2000; round++) {
    const { text, value } = randomReply(next);
    assertEquals(parseReply(bytesOf(text)), value, JSON.stringify(text));
  }
});

Deno.test("parseReply() refuses to nest without end", () => {
  assertThrows(() => parseReply(bytesOf("*1\r\n".repeat(100_000) + "*0\r\n")), Error, "too deep");
});

Deno.test("bulk strings are bytes of their own, which may be kept", () => {
  const bytes = bytesOf("$5\r\nvalue\r\n");
  const value = parseReply(bytes) as Uint8Array;
  bytes.fill(0);
  assertEquals([textOf(value), value.buffer.byteLength], ["value", 5]);
});

Deno.test("fieldsOf() reads a map of RESP3, and the array that RESP2 has instead", () => {
  const fields = [["server", "redis"], ["proto", 3]] as const;
  for (const text of ["%2", "*4"]) {
    const reply = parseReply(bytesOf(`${text}\r\n$6\r\nserver\r\n+redis\r\n+proto\r\n:3\r\n`));
    assertEquals([...fieldsOf(reply)], fields.map(([name, value]) => [name, value]));
  }
  for (const reply of ["OK", null, 1, new ReplyError("ERR"), []]) {
    assertEquals(fieldsOf(reply).size, 0);
  }
});
