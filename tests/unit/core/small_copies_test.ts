import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { copyOf, joined } from "../../../src/core/small_copies.ts";

Deno.test("copyOf() returns bytes that stay, whatever their length and their neighbours", () => {
  const source = Buffer.from(Array.from({ length: 9000 }, (_, at) => at % 251));
  const lengths = [0, 1, 47, 48, 49, 2047, 2048, 2049, 8191, 8192, 8193];
  const copies = lengths.flatMap((length) => Array.from({ length: 9 }, () => [length] as const))
    .map(([length]) => copyOf(source, 5, 5 + length));
  const wanted = lengths.flatMap((length) =>
    Array.from({ length: 9 }, () => new Uint8Array(source.subarray(5, 5 + length)))
  );
  source.fill(0);
  copies.forEach((copy, index) => assertEquals(new Uint8Array(copy), wanted[index]));
});

Deno.test("joined() returns the bytes of all pieces, which stay, whatever their lengths", () => {
  const source = Buffer.from(Array.from({ length: 9000 }, (_, at) => at % 251));
  for (const length of [0, 1, 47, 48, 49, 2047, 2048, 2049, 8192]) {
    for (const count of [0, 1, 2, 33]) {
      const pieces = Array.from({ length: count }, (_, at) => source.subarray(at, at + length));
      const wanted = new Uint8Array(Buffer.concat(pieces));
      const whole = joined(pieces, count * length);
      copyOf(source, 0, 2000);
      assertEquals(new Uint8Array(whole), wanted);
    }
  }
});
