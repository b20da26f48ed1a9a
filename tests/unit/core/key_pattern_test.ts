import { assertEquals } from "@std/assert";
import { KeySet, parseKeyPattern } from "../../../src/core/key_pattern.ts";

Deno.test("parseKeyPattern() reads a key, or a prefix followed by *", () => {
  const table: [text: string, literal: string, isPrefix: boolean][] = [
    ["user:1", "user:1", false],
    ["user:*", "user:", true],
    ["*", "", true],
    ["a%2Ab%20c%25", "a*b c%", false],
    ["%00%ff*", "\x00\xff", true],
    ["é", "\xc3\xa9", false],
  ];
  for (const [text, literal, isPrefix] of table) {
    assertEquals(parseKeyPattern(text), { literal, isPrefix }, text);
  }
});

Deno.test("parseKeyPattern() refuses other texts", () => {
  for (const text of ["", "a*b", "**", "a b", "a%2", "a%zz"]) {
    assertEquals(parseKeyPattern(text), null, text);
  }
});

Deno.test("KeySet.has() knows the keys themselves and those with a prefix", () => {
  const keys = new KeySet(["a", "b:*", "c*"].map((text) => parseKeyPattern(text)!));
  for (const key of ["a", "b:", "b:1", "c", "cc"]) assertEquals(keys.has(key), true, key);
  for (const key of ["", "aa", "b", "B:1", "A"]) assertEquals(keys.has(key), false, key);
  assertEquals(new KeySet([]).has("a"), false);
});
