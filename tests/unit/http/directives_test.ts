import { assertEquals } from "@std/assert";
import { type Wishes, wishesOf } from "../../../src/http/directives.ts";
import { NO_TERMS, type Terms } from "../../../src/core/types.ts";

function wishes(terms: Partial<Terms>, minFresh = 0): Wishes {
  return { terms: { ...NO_TERMS, ...terms }, minFresh };
}

Deno.test("wishesOf() reads the directives of requests", () => {
  const table: [string, Wishes][] = [
    ["", wishes({})],
    ["no-cache", wishes({ maxAge: 0 })],
    ["NO-CACHE", wishes({ maxAge: 0 })],
    ["max-age=0", wishes({ maxAge: 0 })],
    ["max-age=10", wishes({ maxAge: 10_000 })],
    ['max-age="10"', wishes({ maxAge: 10_000 })],
    ["max-age=10, max-age=5", wishes({ maxAge: 5000 })],
    ["no-cache, max-age=10", wishes({ maxAge: 0 })],
    ["max-stale", wishes({ maxStale: Infinity })],
    ["max-stale=3", wishes({ maxStale: 3000 })],
    ["stale-if-error=60", wishes({ staleIfError: 60_000 })],
    ["no-store", wishes({ mayStore: false })],
    ["only-if-cached", wishes({ mayForward: false })],
    ["min-fresh=7", wishes({}, 7000)],
    [
      "max-age=10,max-stale=5 , no-store",
      wishes({ maxAge: 10_000, maxStale: 5000, mayStore: false }),
    ],
    ['community=max-age, x="no-store, a", max-age=1', wishes({ maxAge: 1000 })],
  ];
  for (const [text, wanted] of table) assertEquals(wishesOf(text), wanted, text);
});

Deno.test("wishesOf() reads an invalid argument as the stricter wish", () => {
  const table: [string, Wishes][] = [
    ["max-age", wishes({ maxAge: 0 })],
    ["max-age=-1", wishes({ maxAge: 0 })],
    ["max-age=1.5", wishes({ maxAge: 0 })],
    ["max-stale=x", wishes({ maxStale: 0 })],
    ["stale-if-error", wishes({ staleIfError: 0 })],
    ["min-fresh=x", wishes({})],
    ["max-age=99999999999999999999999", wishes({ maxAge: 99999999999999999999999 * 1000 })],
  ];
  for (const [text, wanted] of table) assertEquals(wishesOf(text), wanted, text);
});
