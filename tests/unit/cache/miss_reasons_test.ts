import { assert, assertEquals } from "@std/assert";
import { MissReasons } from "../../../src/cache/miss_reasons.ts";

Deno.test("MissReasons.get() returns the last reason of a key, and undefined for other keys", () => {
  const reasons = new MissReasons();
  assertEquals([reasons.get(7), reasons.get(0)], [undefined, undefined]);
  reasons.set(7, "evicted");
  reasons.set(0, "flushed");
  reasons.set(-1, "never kept");
  assertEquals([7, 0, -1, 8].map((hash) => reasons.get(hash)), [
    "evicted",
    "flushed",
    "never kept",
    undefined,
  ]);
  reasons.set(7, "expired");
  assertEquals(reasons.get(7), "expired");
});

Deno.test("MissReasons.set() replaces a key with the same place, and never mixes their reasons", () => {
  const reasons = new MissReasons();
  const hashes = Array.from({ length: 20_000 }, (_, index) => Math.imul(index, 0x9e3779b1));
  for (const hash of hashes) reasons.set(hash, "invalidated");
  const known = hashes.filter((hash) => reasons.get(hash) !== undefined);
  // At most one for each place, and most places are taken by then.
  assert(known.length <= 4096 && known.length > 2048, `${known.length} known`);
  assertEquals(reasons.get(hashes.at(-1)!), "invalidated", "the last one");
  const gone = hashes.find((hash) => !known.includes(hash))!;
  reasons.set(gone, "expired");
  assertEquals(reasons.get(gone), "expired");
  assertEquals(
    known.filter((hash) => reasons.get(hash) === undefined).length,
    1,
    "it took one place",
  );
});
