/**
 * Remembers why the latest missed keys missed.
 *
 * @module
 */

/** Why a key missed. */
export type MissReason =
  | "never kept"
  | "expired"
  | "evicted"
  | "invalidated"
  | "flushed"
  | "connection lost"
  | "lease lapsed"
  | "forced";

const REASONS: readonly (MissReason | undefined)[] = [
  ...[undefined, "never kept", "expired", "evicted", "invalidated", "flushed"] as const,
  ...["connection lost", "lease lapsed", "forced"] as const,
];

/** The number of places for keys, a power of two. It bounds the memory. */
const PLACES = 4096;

/**
 * A table of hashes without chains: a key replaces the last key with the same place. It holds no
 * text, which would survive garbage collections. Two keys with the same hash of 32 bits share a
 * reason; that only misleads a reader once in four thousand million keys.
 */
export class MissReasons {
  readonly #hashes = new Int32Array(PLACES);
  /** Indexes of `REASONS`. */
  readonly #reasons = new Uint8Array(PLACES);

  /** @param hash The hash of the key. */
  get(hash: number): MissReason | undefined {
    const place = hash & (PLACES - 1);
    return this.#hashes[place] === hash ? REASONS[this.#reasons[place]!] : undefined;
  }

  set(hash: number, reason: MissReason): void {
    const place = hash & (PLACES - 1);
    this.#hashes[place] = hash;
    this.#reasons[place] = REASONS.indexOf(reason);
  }
}
