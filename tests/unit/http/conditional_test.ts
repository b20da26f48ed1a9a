import { assertEquals } from "@std/assert";
import { judge, type Verdict } from "../../../src/http/conditional.ts";
import type { Conditions } from "../../../src/http/fields.ts";

const TAG = '"a-1"';
const NONE: Conditions = { match: null, noneMatch: null, range: null, ifRange: null };

function verdict(conditions: Partial<Conditions>, isHead = false): Verdict {
  return judge({ ...NONE, ...conditions }, TAG, 10, isHead);
}

Deno.test("judge() compares If-None-Match weakly, in lists and with *", () => {
  for (const noneMatch of [TAG, `W/${TAG}`, `"x", ${TAG}`, `"x" ,W/${TAG}, "y"`, "*", ` ${TAG} `]) {
    assertEquals(verdict({ noneMatch }), "not-modified", noneMatch);
    assertEquals(verdict({ noneMatch }, true), "not-modified", noneMatch);
  }
  for (const noneMatch of ['"x"', "a-1", '"A-1"', ""]) {
    assertEquals(verdict({ noneMatch }), "whole", noneMatch);
  }
});

Deno.test("judge() compares If-Match strongly", () => {
  for (const match of [TAG, `"x", ${TAG}`, "*"]) assertEquals(verdict({ match }), "whole", match);
  for (const match of ['"x"', `W/${TAG}`, "a-1"]) {
    assertEquals(verdict({ match }), "precondition-failed", match);
  }
});

Deno.test("judge() evaluates the conditions in the order of RFC 9110 section 13.2.2", () => {
  const range = "bytes=1-2";
  assertEquals(verdict({ match: '"x"', noneMatch: TAG, range }), "precondition-failed");
  assertEquals(verdict({ match: TAG, noneMatch: TAG, range }), "not-modified");
  assertEquals(verdict({ match: TAG, noneMatch: '"x"', range }), { from: 1, to: 3 });
});

Deno.test("judge() returns a range only for GET, and only if If-Range matches", () => {
  const range = "bytes=1-2";
  assertEquals(verdict({ range }), { from: 1, to: 3 });
  assertEquals(verdict({ range }, true), "whole");
  assertEquals(verdict({ range, ifRange: TAG }), { from: 1, to: 3 });
  assertEquals(verdict({ range, ifRange: `W/${TAG}` }), "whole");
  assertEquals(verdict({ range, ifRange: "Sun, 06 Nov 1994 08:49:37 GMT" }), "whole");
  assertEquals(verdict({ range: "bytes=10-" }), "unsatisfiable");
  assertEquals(verdict({ range: "bytes=nonsense" }), "whole");
});
