// The stored data, and the order in which it is requested. Keys have 16 bytes. Those of the main
// set are the keys of redis-benchmark, so that every generator requests the same data.
import { Buffer } from "node:buffer";

/** A set of keys whose values have one size. */
export interface Dataset {
  /** Four bytes in front of twelve digits. */
  readonly prefix: string;
  readonly keys: number;
  /** Size of each value, in bytes. */
  readonly valueBytes: number;
}

export const DATASETS = {
  main: { prefix: "key:", keys: 200_000, valueBytes: 100 },
  "3B": { prefix: "003:", keys: 1000, valueBytes: 3 },
  "100B": { prefix: "100:", keys: 1000, valueBytes: 100 },
  "1KiB": { prefix: "1ki:", keys: 1000, valueBytes: 1024 },
  "10KiB": { prefix: "10k:", keys: 1000, valueBytes: 10 * 1024 },
  memory: { prefix: "mem:", keys: 1_000_000, valueBytes: 100 },
  "1MiB": { prefix: "1mi:", keys: 16, valueBytes: 1024 * 1024 },
} satisfies Record<string, Dataset>;

export type DatasetName = keyof typeof DATASETS;

export function keyOf({ prefix }: Dataset, index: number): string {
  return prefix + String(index).padStart(12, "0");
}

/** The value of a key contains the key, as far as there is room. */
export function valueOf({ valueBytes }: Dataset, index: number): string {
  const digits = String(index).padStart(12, "0");
  return valueBytes < 12 ? digits.slice(-valueBytes) : digits.padEnd(valueBytes, "x");
}

/** The order in which keys are requested. */
export type Pattern =
  /** Always the same key. */
  | { readonly kind: "one" }
  /** Each of `keys` equally often. */
  | { readonly kind: "uniform"; readonly keys: number }
  /** A few of `keys` much more often than the rest: the k-th with a weight of k^-exponent. */
  | { readonly kind: "zipf"; readonly keys: number; readonly exponent: number }
  /**
   * One after the other, from `from` or from anywhere: a cache that is smaller than the set never
   * holds the next key.
   */
  | { readonly kind: "sequence"; readonly keys: number; readonly from?: number }
  /**
   * `share` of the requests uniform over the first `hot` keys, the others in sequence over the
   * rest.
   */
  | {
    readonly kind: "mix";
    readonly share: number;
    readonly hot: number;
    readonly keys: number;
  };

/** A repeatable source of numbers in [0, 1), so that every server gets the same requests. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The indexes of `length` keys, in the order in which they are requested. */
export function order(pattern: Pattern, length: number, seed: number): Uint32Array {
  const random = randomNumbers(seed);
  const next = chooser(pattern, random);
  return Uint32Array.from({ length }, next);
}

function chooser(pattern: Pattern, random: () => number): () => number {
  switch (pattern.kind) {
    case "one":
      return () => 0;
    case "uniform":
      return () => Math.floor(random() * pattern.keys);
    case "zipf":
      return zipf(pattern.keys, pattern.exponent, random);
    case "sequence": {
      let at = pattern.from ?? Math.floor(random() * pattern.keys);
      return () => at++ % pattern.keys;
    }
    case "mix": {
      const cold = pattern.keys - pattern.hot;
      let at = Math.floor(random() * cold);
      return () =>
        random() < pattern.share ? Math.floor(random() * pattern.hot) : pattern.hot + at++ % cold;
    }
  }
}

/**
 * A fixed shuffle spreads ranks over the keys, so that popular keys are not neighbours in memory.
 */
function zipf(keys: number, exponent: number, random: () => number): () => number {
  const sums = new Float64Array(keys);
  let sum = 0;
  for (let rank = 0; rank < keys; rank++) sums[rank] = sum += (rank + 1) ** -exponent;
  const places = shuffled(keys);
  return () => {
    const wanted = random() * sum;
    let low = 0;
    for (let high = keys - 1; low < high;) {
      const middle = (low + high) >>> 1;
      if (sums[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return places[low]!;
  };
}

function shuffled(length: number): Uint32Array {
  const random = randomNumbers(1);
  const places = Uint32Array.from({ length }, (_, index) => index);
  for (let index = length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    [places[index], places[other]] = [places[other]!, places[index]!];
  }
  return places;
}

/** A RESP command, of code units 0 to 255. */
export function command(...args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`;
}

/** GET of one key, or MGET of several. */
export function readOf(dataset: Dataset, indexes: readonly number[] | Uint32Array): string {
  const keys = Array.from(indexes, (index) => keyOf(dataset, index));
  return keys.length === 1 ? command("GET", keys[0]!) : command("MGET", ...keys);
}

/** The reply to `readOf` if all keys exist. */
export function replyOf(dataset: Dataset, indexes: readonly number[] | Uint32Array): Buffer {
  const values = Array.from(indexes, (index) => valueOf(dataset, index));
  const bulks = values.map((value) => `$${value.length}\r\n${value}\r\n`).join("");
  return Buffer.from(values.length === 1 ? bulks : `*${values.length}\r\n${bulks}`, "latin1");
}
