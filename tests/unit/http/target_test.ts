import { assertEquals, assertMatch } from "@std/assert";
import { keyOf, readTarget, type Target } from "../../../src/http/target.ts";
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

function target(text: string, method = "GET"): Target | string {
  return readTarget({ method, key: null, target: text, isHttp11: true, length: 0 });
}

Deno.test("readTarget() reads paths and absolute targets", () => {
  const named = (key: string, host: string | null = null) => ({ key, host, isRoot: false });
  assertEquals(target("/http://host/a"), named("http://host/a"));
  assertEquals(target("http://Host:1/a?b"), named("a", "host"));
  assertEquals(target("HTTPS://[::1]?q"), named("", "[::1]"));
  assertEquals(target("http://host"), { key: "", host: "host", isRoot: true });
  assertEquals(target("http://host/a@b"), named("a@b", "host"));
  assertEquals(target("/"), { key: "", host: null, isRoot: true });
  assertEquals(target("/?"), named(""));
  const plain = { method: "GET", key: "k", target: "", isHttp11: true, length: 0 };
  assertEquals(readTarget(plain), named("k"));
});

Deno.test("readTarget() accepts targets without a key only for the methods that have them", () => {
  const none = { key: null, host: null, isRoot: false };
  assertEquals(target("*", "OPTIONS"), none);
  assertEquals(target("host:1", "CONNECT"), none);
  assertMatch(String(target("*")), /not a path/);
  assertMatch(String(target("host:1")), /not a path/);
});

Deno.test("readTarget() says what is wrong with a target", () => {
  for (const text of ["*", "key", "", "?query", "ftp://host/a", "http:/host"]) {
    assertMatch(String(target(text)), /^The target is not a path: wanted/, text);
  }
  // RFC 9110 section 4.2.4.
  for (const text of ["http://u@host/a", "http://u:p@host", "https://@host/a"]) {
    assertMatch(String(target(text)), /^The target contains a user: wanted/, text);
  }
  // RFC 9110 section 4.2.1.
  for (const text of ["http:///a", "http://:80/a", "http://a:b/c"]) {
    assertMatch(String(target(text)), /^The target does not name a host/, text);
  }
  for (const text of ["/%", "/%zz", "http://host/%4"]) {
    assertMatch(String(target(text)), /^The path contains a % without/, text);
  }
});

Deno.test("keyOf() can name every byte", () => {
  const encoded = [...ALL_BYTES].map((char) =>
    `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`
  );
  assertEquals(keyOf(`/${encoded.join("")}`), ALL_BYTES);
});
