import { assertEquals } from "@std/assert";
import { keyOf } from "../../src/http/target.ts";
import { ALL_BYTES } from "../support/wire.ts";

const CASES: [string, string | null][] = [
  ["/key", "key"],
  ["/", ""],
  ["//", "/"],
  ["/a/b/../c", "a/b/../c"],
  ["/a+b", "a+b"],
  ["/%41%62%2f%2F%25", "Ab//%"],
  ["/%00%ff", "\0\xff"],
  ["/caf%C3%A9", "caf\xc3\xa9"],
  ["/caf\xe9", "caf\xe9"],
  ["/key?query=1", "key"],
  ["/a%3Fb", "a?b"],
  ["http://host/key", "key"],
  ["http://host:80/key?q", "key"],
  ["/%", null],
  ["/%4", null],
  ["/%4g", null],
  ["*", null],
  ["key", null],
];

Deno.test("keyOf() takes what follows the first slash, percent-decoded to bytes", () => {
  for (const [target, key] of CASES) assertEquals(keyOf(target), key, target);
});

Deno.test("keyOf() can name every byte", () => {
  const encoded = [...ALL_BYTES].map((char) =>
    `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`
  );
  assertEquals(keyOf(`/${encoded.join("")}`), ALL_BYTES);
});
