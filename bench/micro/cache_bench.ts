// The cache alone: hits on one key and on 100,000 random keys, and the cost of a fill. Each read gets a
// new key string, as from a parser.
import { Buffer } from "node:buffer";
import { Entry, type Flight, Found, type Origin } from "../../src/core/types.ts";
import type { ReadThrough } from "../../src/cache/read_through.ts";
import { makeCache } from "../../tests/support/cache.ts";
import { DATASETS, keyOf, order } from "../dataset.ts";

const KEYS = 100_000;
const BATCH = 1000;

/** Answers at once, with values in separate memory. */
const origin: Origin = {
  read(flights: readonly Flight[]): void {
    const now = performance.now();
    for (const flight of flights) flight.sent(now);
    for (const flight of flights) flight.settled(new Found(new Uint8Array(100)), now);
  },
  fence: () => Promise.resolve(true),
  hasRoom: () => true,
};

function openCache(entries: number): ReadThrough {
  return makeCache(origin, { entries, timeToLive: 3_600_000 });
}

const bytes = Buffer.from(
  Array.from({ length: KEYS }, (_, index) => keyOf(DATASETS.main, index)).join(""),
  "latin1",
);
const keyAt = (index: number) => bytes.toString("latin1", index * 16, index * 16 + 16);

const cache = openCache(KEYS);
const now = performance.now();
for (let from = 0; from < KEYS; from += 1000) {
  await cache.getMany(Array.from({ length: 1000 }, (_, index) => keyAt(from + index)), now);
}

for (
  const [name, pattern] of [
    ["one key", { kind: "one" }],
    ["Zipf 0.99", { kind: "zipf", keys: KEYS, exponent: 0.99 }],
    ["100,000 random keys", { kind: "uniform", keys: KEYS }],
  ] as const
) {
  const asked = order(pattern, 2 ** 18, 7);
  let at = 0;
  Deno.bench(`ReadThrough.get: ${BATCH} hits, ${name}`, { group: "get" }, () => {
    for (let count = 0; count < BATCH; count++) {
      const found = cache.get(keyAt(asked[at]!), now);
      if (!(found instanceof Entry)) throw new Error("Cannot find a key that exists");
      at = (at + 1) % asked.length;
    }
  });
}

Deno.bench(`ReadThrough.getMany: ${BATCH} misses in one`, { group: "set" }, async () => {
  const empty = openCache(BATCH);
  await empty.getMany(Array.from({ length: BATCH }, (_, index) => keyAt(index)), now);
});
