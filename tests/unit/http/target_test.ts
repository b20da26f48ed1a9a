import { assertEquals } from "@std/assert";
import { keyOf, splitTarget } from "../../../src/http/target.ts";
import { ALL_BYTES } from "../../support/wire.ts";

Deno.test("keyOf() decodes what follows the first slash, up to the query", () => {
  const keys: [path: string, key: string | null][] = [
    ["/", ""],
    ["/key", "key"],
    ["/a/b//c/", "a/b//c/"],
    ["//x", "/x"],
    ["/key?query=1?2", "key"],
    ["/?key", ""],
    ["/a%2Fb%3fc%25", "a/b?c%"],
    ["/%00%ff%C3%A9", "\0\xff\xc3\xa9"],
    ["/+%20", "+ "],
    ["/%", null],
    ["/%4", null],
    ["/%zz", null],
    ["/%4g", null],
    ["/a?%zz", "a"],
    ["key", null],
    ["*", null],
    ["", null],
    ["?query", null],
  ];
  for (const [path, key] of keys) assertEquals(keyOf(path), key, path);
});

Deno.test("splitTarget() takes the authority of an absolute form apart, and no other", () => {
  assertEquals(splitTarget("http://host:1/a?b"), { authority: "host:1", path: "/a?b" });
  assertEquals(splitTarget("HTTPS://[::1]?q"), { authority: "[::1]", path: "/?q" });
  assertEquals(splitTarget("http://host"), { authority: "host", path: "/" });
  assertEquals(splitTarget("/http://host/a"), { authority: null, path: "/http://host/a" });
  // With a user, it is no target that is understood (RFC 9110 section 4.2.4).
  assertEquals(splitTarget("http://u@host/a").authority, null);
  assertEquals(keyOf(splitTarget("http://u@host/a").path), null);
  assertEquals(keyOf(splitTarget("ftp://host/a").path), null);
});

Deno.test("keyOf() can name every byte", () => {
  const encoded = [...ALL_BYTES].map((char) =>
    `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`
  );
  assertEquals(keyOf(`/${encoded.join("")}`), ALL_BYTES);
});
