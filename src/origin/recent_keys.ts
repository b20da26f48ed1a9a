/**
 * A few keys that something was learned of, the last ones.
 *
 * @module
 */
import type { Key } from "../core/types.ts";

/** Longest key that is kept, in bytes. */
const LONGEST = 1024;

export class RecentKeys {
  /** The oldest first. */
  readonly #keys = new Set<Key>();

  /** @param most How many keys are kept. */
  constructor(readonly most: number) {}

  get size(): number {
    return this.#keys.size;
  }

  has(key: Key): boolean {
    return this.#keys.has(key);
  }

  add(key: Key): void {
    if (key.length > LONGEST) return;
    this.#keys.delete(key);
    this.#keys.add(key);
    if (this.#keys.size > this.most) this.delete(this.#keys.values().next().value!);
  }

  delete(key: Key): void {
    this.#keys.delete(key);
  }
}
