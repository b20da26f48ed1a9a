import { assertEquals } from "@std/assert";
import { Outbox } from "../../../../src/origin/wire/outbox.ts";

Deno.test("Outbox.range() appends the bytes of a range, whatever its length", () => {
  const whole = Uint8Array.from({ length: 2000 }, (_, at) => at % 251);
  // Not at the beginning of its memory.
  const source = whole.subarray(100);
  const out = new Outbox();
  const wanted: number[] = [];
  for (const length of [0, 1, 23, 24, 47, 48, 49, 255, 256, 257, 1000]) {
    for (const from of [0, 7]) {
      out.range(source, from, from + length);
      wanted.push(...source.subarray(from, from + length));
    }
  }
  assertEquals(out.length, wanted.length);
  assertEquals([...out.take()], wanted);
});
