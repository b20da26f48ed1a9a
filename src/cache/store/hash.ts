/**
 * The hash of a key's bytes: HalfSipHash-1-3 with a random secret of 64 bits, drawn once per
 * process. A client that chooses keys without knowing the secret makes them collide only by chance.
 * A plain hash with a random seed has inputs that collide with every seed.
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF"; Linux, "SipHash".
 *
 * @module
 */

/** The secret of this process: 64 random bits. */
const [K0 = 0, K1 = 0] = crypto.getRandomValues(new Int32Array(2));

/** Returns the hash of the bytes in `[from, to)`: 32 bits, signed. */
export function hashOf(bytes: Uint8Array, from: number, to: number): number {
  return hashWith(K0, K1, bytes, from, to);
}

/**
 * Returns the hash with a secret of two numbers of 32 bits.
 *
 * One loop runs all rounds: a function for a round could return its four numbers only in an object.
 */
export function hashWith(
  k0: number,
  k1: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): number {
  let v0 = k0;
  let v1 = k1;
  let v2 = 0x6c796765 ^ k0;
  let v3 = 0x74656462 ^ k1;
  const length = to - from;
  // A word for each four bytes, one for the rest with the length on top, then three rounds.
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
