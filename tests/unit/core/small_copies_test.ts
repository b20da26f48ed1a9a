import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { copyOf } from "../../../src/core/small_copies.ts";

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
