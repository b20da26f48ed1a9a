import { assertEquals } from "@std/assert";
import { Credentials } from "../../../src/core/credentials.ts";
import { isAuthorized } from "../../../src/http/authorization.ts";
import { corsLines } from "../../../src/http/cors.ts";
import { hostOf, isAllowedHost } from "../../../src/http/host.ts";

Deno.test("isAuthorized() accepts Basic and Bearer", () => {
  const credentials = new Credentials("reader", "s3cret: ä!");
  const utf8 = "s3cret: \xc3\xa4!";
  const table: [string | undefined, boolean][] = [
    [`Basic ${btoa(`reader:${utf8}`)}`, true],
    [`basic   ${btoa(`reader:${utf8}`)}`, true],
    [`Basic ${btoa("reader:wrong")}`, false],
    [`Basic ${btoa(`other:${utf8}`)}`, false],
    [`Basic ${btoa(`:${utf8}`)}`, false],
    [`Basic ${btoa("reader")}`, false],
    ["Basic !!!", false],
    ["Basic", false],
    ["Bearer wrong", false],
    [`Digest ${utf8}`, false],
    [`Digest ${btoa(`reader:${utf8}`)}`, false],
    ["", false],
    [undefined, false],
  ];
  for (const [field, wanted] of table) {
    assertEquals(isAuthorized(field, credentials), wanted, String(field));
  }
});

Deno.test("isAuthorized() accepts the password as a token, or with an empty user", () => {
  const credentials = new Credentials("default", "s3cret!");
  assertEquals(isAuthorized("Bearer s3cret!", credentials), true);
  assertEquals(isAuthorized(`Basic ${btoa(":s3cret!")}`, credentials), true);
});

Deno.test("isAuthorized() accepts everybody if there is no password", () => {
  const credentials = new Credentials("default", null);
  assertEquals(isAuthorized(undefined, credentials), true);
  assertEquals(isAuthorized("Basic nonsense", credentials), true);
});

Deno.test("corsLines() lets only pages of the listed origins read a reply", () => {
  const allowed = ["https://a.example", "https://b.example:8443"];
  const first = corsLines("https://A.example", allowed);
  assertEquals(first.includes("Access-Control-Allow-Origin: https://A.example\r\n"), true);
  assertEquals(first.startsWith("Vary: Origin\r\n"), true);
  assertEquals(corsLines("https://c.example", allowed), "Vary: Origin\r\n");
  assertEquals(corsLines("https://a.example.evil.example", allowed), "Vary: Origin\r\n");
  assertEquals(corsLines(undefined, allowed), "Vary: Origin\r\n");
});

Deno.test("corsLines() is the same for all origins if all are allowed, and empty by default", () => {
  assertEquals(
    corsLines("https://c.example", ["*"]).includes("Access-Control-Allow-Origin: *\r\n"),
    true,
  );
  assertEquals(corsLines("https://c.example", ["*"]).includes("Vary"), false);
  assertEquals(corsLines(undefined, ["*"]), "");
  assertEquals(corsLines("https://c.example", null), "");
});

Deno.test("hostOf() returns the host without its port, and refuses malformed ones", () => {
  const table: [string, string | null][] = [
    ["Example.com", "example.com"],
    ["example.com:8080", "example.com"],
    ["example.com:", "example.com"],
    ["127.0.0.1:1", "127.0.0.1"],
    ["[::1]:8080", "[::1]"],
    ["", ""],
    ["a b", null],
    ["a, b", null],
    ["a/b", null],
    ["user@host", null],
    ["host:port", null],
    ["[::1", null],
    ["a\x80", null],
  ];
  for (const [authority, host] of table) assertEquals(hostOf(authority), host, authority);
});

Deno.test("isAllowedHost() accepts exactly the allowed hosts", () => {
  assertEquals(isAllowedHost("anything", null), true);
  assertEquals(isAllowedHost("a.example", ["a.example"]), true);
  assertEquals(isAllowedHost("b.a.example", ["a.example"]), false);
  assertEquals(isAllowedHost("", ["a.example"]), false);
});
