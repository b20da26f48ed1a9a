import { assertEquals, assertMatch } from "@std/assert";
import { keyOf, readTarget } from "../../../src/http/target.ts";
import { ALL_BYTES } from "../../support/wire.ts";

Deno.test("keyOf() decodes everything between the first slash and the query", () => {
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
  ];
  for (const [path, key] of keys) assertEquals(keyOf(path), key, path);
});

Deno.test("readTarget() takes paths and absolute targets, and says why others name no key", () => {
  assertEquals(readTarget("/http://host/a"), { authority: null, path: "/http://host/a" });
  assertEquals(readTarget("http://host:1/a?b"), { authority: "host:1", path: "/a?b" });
  assertEquals(readTarget("HTTPS://[::1]?q"), { authority: "[::1]", path: "/?q" });
  assertEquals(readTarget("http://host"), { authority: "host", path: "/" });
  assertEquals(readTarget("http://host/a@b"), { authority: "host", path: "/a@b" });
  assertEquals(readTarget("http:///a"), { authority: "", path: "/a" });
  for (const target of ["*", "key", "", "?query", "ftp://host/a", "http:/host"]) {
    assertMatch(String(readTarget(target)), /^The target is not a path: wanted/, target);
  }
  // RFC 9110 section 4.2.4.
  for (const target of ["http://u@host/a", "http://u:p@host", "https://@host/a"]) {
    assertMatch(String(readTarget(target)), /^The target contains a user: wanted/, target);
  }
});

Deno.test("keyOf() can name every byte", () => {
  const encoded = [...ALL_BYTES].map((char) =>
    `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`
  );
  assertEquals(keyOf(`/${encoded.join("")}`), ALL_BYTES);
});
