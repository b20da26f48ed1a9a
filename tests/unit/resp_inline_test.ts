import { assertEquals } from "@std/assert";
import { splitInline } from "../../src/resp/inline.ts";

Deno.test("splitInline() splits at blanks and understands both kinds of quotes", () => {
  const cases: [line: string, words: string[] | null][] = [
    ["", []],
    [" \t ", []],
    ["a b  c", ["a", "b", "c"]],
    ['a "b c" d', ["a", "b c", "d"]],
    ['""', [""]],
    ["''", [""]],
    [String.raw`"\x41\n\r\t\b\a\\\"\q"`, ['A\n\r\t\b\x07\\"q']],
    [String.raw`'a\nb\'c'`, ["a\\nb'c"]],
    [String.raw`"\xZZ"`, ["xZZ"]],
    ['a"b c"', ["ab c"]],
    ['"a', null],
    ["'a", null],
    ['"a\\"', null],
    ['"a"b', null],
    ["'a'b", null],
    ['"""a"""', null],
  ];
  for (const [line, words] of cases) assertEquals(splitInline(line), words, line);
});
