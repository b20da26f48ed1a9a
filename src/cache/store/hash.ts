/**
 * The hash of a key's bytes: HalfSipHash-1-3, with a key of 64 random bits for each process. Who can
 * make up keys in Redis, but does not know those bits, knows no better way to keys that collide than
 * chance; a plain hash with a random start has inputs that collide whatever the start is.
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF"; Linux, "SipHash".
 *
 * @module
 */

/** Two numbers of 32 bits that nobody can guess. */
export type HashKey = readonly [number, number];

export function randomHashKey(): HashKey {
  const words = crypto.getRandomValues(new Int32Array(2));
  return [words[0]!, words[1]!];
}

/**
 * Returns a hash of 32 bits, signed, of the bytes in `[from, to)`.
 *
 * Each round is written out thrice: as a function of four numbers it could not give four back
 * without an object.
 */
export function hashOf(key: HashKey, bytes: Uint8Array, from: number, to: number): number {
  const k0 = key[0];
  const k1 = key[1];
  let v0 = k0;
  let v1 = k1;
  let v2 = 0x6c796765 ^ k0;
  let v3 = 0x74656462 ^ k1;
  const length = to - from;
  // One word for each four bytes, a last one for the rest with the length on top, then three rounds.
  const words = (length >>> 2) + 1;
  for (let round = 0, at = from; round < words + 3; round++, at += 4) {
    let word = 0;
    if (round < words - 1) {
      word = bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24;
    } else if (round === words - 1) {
      word = length << 24;
      for (let rest = to - 1; rest >= at; rest--) word |= bytes[rest]! << (8 * (rest - at));
    } else if (round === words) {
      v2 ^= 0xff;
    }
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = (v1 << 5 | v1 >>> 27) ^ v0;
    v0 = v0 << 16 | v0 >>> 16;
    v2 = (v2 + v3) | 0;
    v3 = (v3 << 8 | v3 >>> 24) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = (v3 << 7 | v3 >>> 25) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = (v1 << 13 | v1 >>> 19) ^ v2;
    v2 = v2 << 16 | v2 >>> 16;
    v0 ^= word;
  }
  return v1 ^ v3;
}
