import { assertEquals } from "@std/assert";
import { RecentKeys } from "../../../src/origin/recent_keys.ts";

Deno.test("RecentKeys keeps the last keys, except very long ones", () => {
  const keys = new RecentKeys(3);
  for (const key of ["a", "b", "c", "a", "d", "x".repeat(1025)]) keys.add(key);
  const kept = ["a", "b", "c", "d", "x".repeat(1025)].filter((key) => keys.has(key));
  assertEquals(kept, ["a", "c", "d"]);
  keys.delete("a");
  assertEquals([keys.has("a"), keys.size], [false, 2]);
});
