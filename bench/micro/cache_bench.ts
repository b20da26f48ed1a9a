// The cache alone: hits on one key, on a few hundred and on 100,000 random keys, and misses. As
// from a parser, keys are bytes in an input.
import { Buffer } from "node:buffer";
import { Later } from "../../src/core/later.ts";
import { type Flight, Found, NO_TERMS, type Origin } from "../../src/core/types.ts";
import type { ReadThrough } from "../../src/cache/read_through.ts";
import { makeCache } from "../../tests/support/cache.ts";
import { DATASETS, keyOf, order, type Pattern } from "../dataset.ts";

const KEYS = 100_000;
const FEW_KEYS = 900;
const BATCH = 1000;
const KEY_LENGTH = 16;

/** Answers at once. Each value has memory of its own. */
const origin: Origin = {
  read(flights: readonly Flight[]): void {
    const now = performance.now();
    for (const flight of flights) flight.sent(now);
    for (const flight of flights) flight.settled(new Found(new Uint8Array(100)), now);
  },
  fence: () => Promise.resolve(true),
  hasRoom: () => true,
};

const bytes = Buffer.from(
  Array.from({ length: KEYS }, (_, index) => keyOf(DATASETS.main, index)).join(""),
  "latin1",
);
const keyAt = (index: number) =>
  bytes.toString("latin1", index * KEY_LENGTH, (index + 1) * KEY_LENGTH);

const now = performance.now();

async function filled(keys: number): Promise<ReadThrough> {
  const cache = makeCache(origin, { entries: keys, timeToLive: 3_600_000 });
  for (let from = 0; from < keys; from += 100) {
    for (let index = from; index < from + 100; index++) {
      await cache.get(keyAt(index), now, NO_TERMS);
    }
  }
  return cache;
}

const few = await filled(FEW_KEYS);
const many = await filled(KEYS);

const HITS: [string, ReadThrough, Pattern][] = [
  ["one of 900 keys", few, { kind: "one" }],
  ["900 keys, Zipf 0.99", few, { kind: "zipf", keys: FEW_KEYS, exponent: 0.99 }],
  ["900 random keys", few, { kind: "uniform", keys: FEW_KEYS }],
  ["one of 100,000 keys", many, { kind: "one" }],
  ["100,000 keys, Zipf 0.99", many, { kind: "zipf", keys: KEYS, exponent: 0.99 }],
  ["100,000 random keys", many, { kind: "uniform", keys: KEYS }],
];

for (const [name, cache, pattern] of HITS) {
  const asked = order(pattern, 2 ** 18, 7);
  const key = { bytes, from: 0, to: 0 };
  let at = 0;
  Deno.bench(`${BATCH} hits: ${name}`, { group: "hits" }, () => {
    for (let count = 0; count < BATCH; count++) {
      key.from = asked[at]! * KEY_LENGTH;
      key.to = key.from + KEY_LENGTH;
      if (!(cache.get(key, now, NO_TERMS) instanceof Uint8Array)) {
        throw new Error("Cannot find a key that is there");
      }
      at = (at + 1) % asked.length;
    }
  });
}

/** Only misses: each batch has other keys, whose entries have been evicted by then. */
for (const [name, entries] of [["500 entries", 500], ["50,000 entries", 50_000]] as const) {
  const cache = makeCache(origin, { entries, timeToLive: 3_600_000, atEndOfTurn: queueMicrotask });
  const key = { bytes, from: 0, to: 0 };
  let first = 0;
  Deno.bench(`${BATCH} misses, into ${name}`, { group: "misses" }, async () => {
    const waiting: unknown[] = [];
    for (let index = first; index < first + BATCH; index++) {
      key.from = index * KEY_LENGTH;
      key.to = key.from + KEY_LENGTH;
      waiting.push(cache.get(key, now, NO_TERMS));
    }
    first = (first + BATCH) % KEYS;
    for (const one of waiting) {
      if (!(one instanceof Later)) throw new Error("Cannot miss a key that should be gone");
      await one;
    }
  });
}
