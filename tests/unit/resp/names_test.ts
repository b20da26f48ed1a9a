import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { nameOf } from "../../../src/resp/parse/names.ts";

Deno.test("nameOf() is the text of the bytes, the first and the second time, beyond its memory too", () => {
  const texts = ["", "a", "GET", "get", "GeT", "\xff\0\r\n", "x".repeat(24)];
  // More names than are remembered, some of them with the same hash.
  for (let index = 0; index < 3000; index++) texts.push(`name${index}`, `Aa${index}`, `BB${index}`);
  for (const _ of ["first", "second"]) {
    for (const text of texts) {
      const bytes = Buffer.from(`<${text}>`, "latin1");
      assertEquals(nameOf(bytes, 1, bytes.length - 1), text);
    }
  }
  assertEquals(nameOf(Buffer.alloc(25), 0, 25), undefined);
});
