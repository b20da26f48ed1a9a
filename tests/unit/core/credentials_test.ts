import { assertEquals } from "@std/assert";
import { Credentials, DEFAULT_USER } from "../../../src/core/credentials.ts";

/** The UTF-8 bytes of a text as code units, as from a parser. */
function wire(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

Deno.test("Credentials.check() accepts the right pair and no other", () => {
  const credentials = new Credentials("reader", "open sesame");
  assertEquals(credentials.required, true);
  const cases: [user: string, password: string, isRight: boolean][] = [
    ["reader", "open sesame", true],
    ["reader", "open sesam", false],
    ["reader", "open sesame ", false],
    ["reader", "", false],
    ["Reader", "open sesame", false],
    [DEFAULT_USER, "open sesame", false],
    ["", "open sesame", false],
  ];
  for (const [user, password, isRight] of cases) {
    assertEquals(credentials.check(user, password), isRight, `${user} ${password}`);
  }
});

Deno.test("Credentials.check() compares UTF-8 bytes, not characters", () => {
  const credentials = new Credentials("zoë", "pässwörd €");
  assertEquals(credentials.check(wire("zoë"), wire("pässwörd €")), true);
  assertEquals(credentials.check("zoë", "pässwörd ¬"), false);
});

Deno.test("Credentials.required is false without a password, and the user must still be right", () => {
  const credentials = new Credentials(DEFAULT_USER, null);
  assertEquals(credentials.required, false);
  assertEquals(credentials.check(DEFAULT_USER, "anything"), true);
  assertEquals(credentials.check("somebody", "anything"), false);
});

Deno.test("Credentials.checkPassword() checks only the password, whatever the user's name", () => {
  const credentials = new Credentials("jürgen", "pässwörd");
  assertEquals(credentials.checkPassword(wire("pässwörd")), true);
  assertEquals(credentials.checkPassword(wire("passwörd")), false);
});

Deno.test("Credentials.change() replaces the password and begins a new epoch", () => {
  const credentials = new Credentials("reader", "old");
  const { epoch } = credentials;
  credentials.change("new");
  assertEquals([credentials.checkPassword("old"), credentials.check("reader", "new")], [
    false,
    true,
  ]);
  assertEquals(credentials.epoch > epoch, true);
});
