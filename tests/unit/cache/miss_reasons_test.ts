import { assert, assertEquals } from "@std/assert";
import { MissReasons } from "../../../src/cache/miss_reasons.ts";

Deno.test("MissReasons.get() returns the last reason of a key, and undefined for other keys", () => {
  const reasons = new MissReasons();
  assertEquals(reasons.get("key"), undefined);
  assertEquals(reasons.get(""), undefined);
  reasons.set("key", "evicted");
  reasons.set("", "flushed");
  assertEquals([reasons.get("key"), reasons.get(""), reasons.get("yek")], [
    "evicted",
    "flushed",
    undefined,
  ]);
  reasons.set("key", "expired");
  assertEquals(reasons.get("key"), "expired");
});

Deno.test("MissReasons.set() replaces a key with the same place, and never mixes their reasons", () => {
  const reasons = new MissReasons();
  const keys = Array.from({ length: 5000 }, (_, index) => `key:${index}`);
  for (const key of keys) reasons.set(key, "invalidated");
  const known = keys.filter((key) => reasons.get(key) !== undefined);
  // At most one for each place, and most places are taken by then.
  assert(known.length <= 1024 && known.length > 512, `${known.length} known`);
  assertEquals(reasons.get(keys.at(-1)!), "invalidated", "the last one");
  const gone = keys.find((key) => !known.includes(key))!;
  reasons.set(gone, "expired");
  assertEquals(reasons.get(gone), "expired");
  assertEquals(
    known.filter((key) => reasons.get(key) === undefined).length,
    1,
    "it took one place",
  );
});

Deno.test("MissReasons.set() remembers keys of up to 256 bytes, and ignores longer ones", () => {
  const reasons = new MissReasons();
  reasons.set("k".repeat(256), "evicted");
  reasons.set("k".repeat(257), "evicted");
  assertEquals(reasons.get("k".repeat(256)), "evicted");
  assertEquals(reasons.get("k".repeat(257)), undefined);
});
