import { assertEquals } from "@std/assert";
import { confirmationOf, isError, kindOf } from "../../../src/lanes/reply_kind.ts";

const bytes = (text: string) => Uint8Array.from(text, (unit) => unit.charCodeAt(0));

/** Frame, whether there are subscriptions, and its kind. */
const KINDS: [frame: string, isSubscribed: boolean, kind: string][] = [
  ["+OK\r\n", false, "reply"],
  ["+OK\r\n", true, "reply"],
  ["*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n", true, "message"],
  // Without subscriptions, a list whose first element is the word "message" is a reply.
  ["*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n", false, "reply"],
  ["*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$1\r\nc\r\n$1\r\nm\r\n", true, "message"],
  ["*3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$1\r\nm\r\n", true, "message"],
  [">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n", false, "message"],
  [">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n", false, "message"],
  ["*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n", true, "confirmation"],
  [">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n", false, "confirmation"],
  ["*3\r\n$12\r\npunsubscribe\r\n$-1\r\n:0\r\n", true, "confirmation"],
  ["*3\r\n$12\r\nsunsubscribe\r\n$1\r\nc\r\n:0\r\n", true, "confirmation"],
  ["*2\r\n$4\r\npong\r\n$0\r\n\r\n", true, "reply"],
  ["-ERR no\r\n", true, "reply"],
];

for (const [frame, isSubscribed, kind] of KINDS) {
  const when = isSubscribed ? "with" : "without";
  Deno.test(`${JSON.stringify(frame)} ${when} subscriptions is a ${kind}`, () => {
    // Other bytes before and after must make no difference.
    const all = bytes(`xx${frame}yy`);
    assertEquals(kindOf(all, 2, 2 + frame.length, isSubscribed), kind);
  });
}

Deno.test("a confirmation names its command and the number of remaining subscriptions", () => {
  const of = (text: string) => confirmationOf(bytes(text), 0, text.length);
  assertEquals(of(">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:12\r\n"), {
    name: "subscribe",
    remaining: 12,
  });
  const long = "c".repeat(5000);
  assertEquals(of(`*3\r\n$11\r\nunsubscribe\r\n$5000\r\n${long}\r\n:3\r\n`)?.remaining, 3);
  assertEquals(of("*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n"), {
    name: "unsubscribe",
    remaining: 0,
  });
  assertEquals(of("+OK\r\n"), null);
});

Deno.test("errors of both kinds are errors", () => {
  assertEquals(["-ERR\r\n", "!3\r\nERR\r\n", "+OK\r\n"].map((text) => isError(bytes(text), 0)), [
    true,
    true,
    false,
  ]);
});
