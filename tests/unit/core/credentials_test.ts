import { assertEquals } from "@std/assert";
import { Credentials, DEFAULT_USER } from "../../../src/core/credentials.ts";

/** The bytes of a text in UTF-8 as code units, as a parser hands them on. */
function wire(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

Deno.test("Credentials.check() takes the right pair and no other", () => {
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

Deno.test("Credentials.check() compares the bytes of UTF-8, not characters", () => {
  const credentials = new Credentials("zoë", "pässwörd €");
  assertEquals(credentials.check(wire("zoë"), wire("pässwörd €")), true);
  assertEquals(credentials.check("zoë", "pässwörd ¬"), false);
});

Deno.test("Credentials.required is false without a password, and the user still has to be right", () => {
  const credentials = new Credentials(DEFAULT_USER, null);
  assertEquals(credentials.required, false);
  assertEquals(credentials.check(DEFAULT_USER, "anything"), true);
  assertEquals(credentials.check("somebody", "anything"), false);
});

Deno.test("Credentials.checkPassword() asks for the password alone, whatever the user's name", () => {
  const credentials = new Credentials("jürgen", "pässwörd");
  assertEquals(credentials.checkPassword(wire("pässwörd")), true);
  assertEquals(credentials.checkPassword(wire("passwörd")), false);
});

Deno.test("Credentials.change() replaces the password, and counts as a new epoch", () => {
  const credentials = new Credentials("reader", "old");
  const { epoch } = credentials;
  credentials.change("new");
  assertEquals([credentials.checkPassword("old"), credentials.check("reader", "new")], [
    false,
    true,
  ]);
  assertEquals(credentials.epoch > epoch, true);
});
