import { assertEquals, assertThrows } from "@std/assert";
import { cut, Policies, type Policy } from "../../../src/cache/policy.ts";
import { parsePolicies, PolicyTextError } from "../../../src/cache/policy_text.ts";
import { policies } from "../../../src/config/policy_values.ts";
import { bytes, duration } from "../../../src/config/quantities.ts";

const GENERAL: Policy = {
  pattern: "*",
  tracked: { value: 30_000, absence: 30_000 },
  untracked: { value: 30_000, absence: 1000 },
  staleIfError: 0,
  valueLimit: 1000,
  jitter: 0.1,
  refreshAfter: 0.8,
};

const UNITS = { duration: duration("0").parse, bytes: bytes(0).parse };
const parse = (text: string) => new Policies(GENERAL, parsePolicies(text, UNITS));

Deno.test("Policies.of() prefers the exact key to prefixes, and longer prefixes to shorter ones", () => {
  const all = parse("a*=ttl:1; ab*=ttl:2;abc=ttl:3 ; *=ttl:4");
  const ttlOf = (key: string) => all.of(key).tracked.value;
  assertEquals(["abc", "abcd", "ac", "b", ""].map(ttlOf), [3000, 2000, 1000, 4000, 4000]);
  assertEquals(all.of("abcd").pattern, "ab*");
});

Deno.test("parsePolicies() changes only what a rule names", () => {
  const all = parse("off:*=off; some:*=ttl:2.5,absent:0.5,stale:3600,max:2kb");
  assertEquals(all.of("off:1"), {
    ...GENERAL,
    pattern: "off:*",
    tracked: { value: 0, absence: 0 },
    untracked: { value: 0, absence: 0 },
  });
  assertEquals(all.of("some:1"), {
    ...GENERAL,
    pattern: "some:*",
    tracked: { value: 2500, absence: 500 },
    untracked: { value: 2500, absence: 500 },
    staleIfError: 3_600_000,
    valueLimit: 2048,
  });
  assertEquals(all.of("other"), GENERAL);
  assertEquals(all.longestStale, 3_600_000);
  assertEquals(parse("k=ttl:0.1").of("k").untracked, { value: 100, absence: 100 });
});

Deno.test("parsePolicies() reads patterns as bytes: UTF-8, and escapes for all other bytes", () => {
  const all = parse("é=ttl:1;%FF%3B%2A*=ttl:2");
  assertEquals(all.of("\xc3\xa9").tracked.value, 1000);
  assertEquals(all.of("\xff;*x").tracked.value, 2000);
});

Deno.test("parsePolicies() says what it wants instead of a wrong text", () => {
  const wrong: Record<string, string> = {
    "a": 'pattern=terms instead of "a"',
    "a=b=c": 'pattern=terms instead of "a=b=c"',
    "=off": 'a key, or a prefix and *, instead of ""',
    "a*b=off": 'a key, or a prefix and *, instead of "a*b"',
    "%zz=off": 'a key, or a prefix and *, instead of "%zz"',
    "a=ttl": "off, ttl:duration, absent:duration, stale:duration or max:bytes instead of " +
      '"ttl"',
    "a=ttl:x": "off, ttl:duration, absent:duration, stale:duration or max:bytes instead of " +
      '"ttl:x"',
    "a=off,ttl:1": "off, ttl:duration, absent:duration, stale:duration or max:bytes instead of " +
      '"off"',
    "a=off;a=off": 'one rule for "a", not two',
  };
  for (const [text, message] of Object.entries(wrong)) {
    assertThrows(() => parsePolicies(text, UNITS), PolicyTextError, message);
    assertEquals(policies.parse(text), undefined);
    assertEquals(policies.wantedFor!(text), message);
  }
});

Deno.test("cut() shortens a lifetime by at most the jitter, and never adds to it", () => {
  assertEquals(cut(1000, GENERAL, () => 0), 1000);
  assertEquals(Math.round(cut(1000, GENERAL, () => 0.999999)), 900);
  assertEquals(cut(1000, { ...GENERAL, jitter: 0 }, () => 0.5), 1000);
});
