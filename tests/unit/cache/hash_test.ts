// The hash of keys: it depends on every byte, spreads well, and is the same for bytes and text.
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { bytesOf, CacheKey, textOf } from "../../../src/cache/key.ts";
import { hashOf, hashWith } from "../../../src/cache/store/hash.ts";

Deno.test("hashWith() depends on each byte, its place, the length and the secret", () => {
  const hash = (bytes: number[], k0 = 1, k1 = 2) =>
    hashWith(k0, k1, Uint8Array.from(bytes), 0, bytes.length);
  const base = Array.from({ length: 11 }, () => 0);
  const seen = new Set([hash(base), hash(base, 1, 3), hash(base, 3, 2)]);
  for (let length = 0; length < 11; length++) seen.add(hash(base.slice(0, length)));
  for (let at = 0; at < 11; at++) seen.add(hash(base.with(at, 1)));
  assertEquals(seen.size, 3 + 11 + 11);
  assertEquals(hashWith(1, 2, Uint8Array.from([9, 5, 6, 7, 9]), 1, 4), hash([5, 6, 7]));
});

Deno.test("hashWith() spreads similar keys, and differently with another secret", () => {
  const slots = 2 ** 14;
  const spread = (k0: number, k1: number) => {
    const counts = new Uint8Array(slots);
    for (let index = 0; index < slots; index++) {
      const bytes = Buffer.from(`key:${String(index).padStart(12, "0")}`);
      const slot = hashWith(k0, k1, bytes, 0, bytes.length) & (slots - 1);
      counts[slot] = counts[slot]! + 1;
    }
    return counts;
  };
  const counts = spread(5, 6);
  // By chance, 1 / e of the slots stay empty, and no slot gets more than a few keys.
  const empty = counts.filter((count) => count === 0).length / slots;
  assert(Math.abs(empty - Math.exp(-1)) < 0.02 && Math.max(...counts) < 12, `${empty} are empty`);
  assertNotEquals(counts, spread(6, 6));
});

Deno.test("a key as bytes and as text is the same key, at any length", () => {
  for (const length of [0, 1, 3, 4, 5, 1023, 1024, 1025, 65_536, 65_537, 100_000, 6]) {
    const bytes = Buffer.from(Array.from({ length }, (_, index) => index * 7));
    const text = bytes.toString("latin1");
    const at = bytesOf(text);
    assertEquals(at.bytes.subarray(at.from, at.to), bytes);
    assertEquals(textOf(at), text);
    assertEquals(
      textOf({ bytes: Buffer.from(`<${text}>`, "latin1"), from: 1, to: 1 + length }),
      text,
    );
    assertEquals(new CacheKey(text).hash, hashOf(bytes, 0, length), `${length} bytes`);
  }
});
