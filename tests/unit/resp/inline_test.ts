import { assertEquals } from "@std/assert";
import { splitInline } from "../../../src/resp/parse/inline.ts";

const CASES: [string, string[] | null][] = [
  ["", []],
  ["   ", []],
  ["ping", ["ping"]],
  ["get  key", ["get", "key"]],
  ["get\tkey\v", ["get", "key"]],
  ['get ""', ["get", ""]],
  ["get ''", ["get", ""]],
  ['get "a b"', ["get", "a b"]],
  [String.raw`get "\n\r\t\b\a\x00\xfF\"\\\q"`, ["get", '\n\r\t\b\x07\0\xff"\\q']],
  [String.raw`get "\xg0"`, ["get", "xg0"]],
  [String.raw`get 'it\'s \n'`, ["get", String.raw`it's \n`]],
  ['get "open', null],
  ["get 'open", null],
  ['get "a"b', null],
  ["get 'a'b", null],
  ['get \\"', null],
  ['get a"b c"', ["get", "ab c"]],
  ["get caf\xe9", ["get", "caf\xe9"]],
];

Deno.test("splitInline() splits and unquotes as redis-server does", () => {
  for (const [line, words] of CASES) assertEquals(splitInline(line), words, line);
});
