/**
 * Entries within bounds, of two kinds: small ones are records in segments of bytes, see `small.ts`;
 * large ones, of which a copy would not pay, stay where they lie, in an `LRUCache`, and leave in
 * exact order. Both kinds share one bound of entries and one of bytes: each may use what the other
 * leaves, and is sure of half. A store of less than 1 MiB has no segments.
 *
 * What is bounded is the memory that is held: segments whole, what is dead in them included, and the
 * table. On top of it comes what V8 has not collected yet, and briefly, when the table doubles, the
 * old one.
 *
 * `LRUCache` is used as a plain LRU with sizes: freshness stands in the entry, since its own `ttl`
 * costs memory and a clock read for each entry, and its `fetch` lets reads evict live entries.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import { ownBytes } from "../../core/memory.ts";
import type { Key } from "../../core/types.ts";
import type { Keeping, Kept, Spot } from "./record.ts";
import { SmallStore } from "./small.ts";

/** Bounds of a store. */
export interface StoreOptions {
  /** Entries kept at most; a store of none keeps none. */
  readonly entries: number;
  /** Bytes kept at most: keys, values and what it costs to keep them. */
  readonly bytes: number;
}

/** What a large entry costs beside the bytes of its key and its value. */
export const ENTRY_OVERHEAD_BYTES = 400;

export class Store<E extends Kept> {
  readonly #small: SmallStore<E>;
  readonly #large: LRUCache<Key, E>;

  constructor(readonly options: StoreOptions, keeping: Keeping<E>) {
    this.#small = new SmallStore(options.bytes, keeping);
    this.#large = new LRUCache({
      maxSize: Math.max(1, options.bytes),
      sizeCalculation: (entry, key) => entry.value.length + key.length + ENTRY_OVERHEAD_BYTES,
      dispose: (_, key, why) => {
        if (why === "evict") keeping.evicted(key);
      },
    });
  }

  get size(): number {
    return this.#small.size + this.#large.size;
  }

  /** The bytes that the entries cost. */
  get bytes(): number {
    return this.#small.liveBytes + this.#large.calculatedSize;
  }

  /** The memory that is held for entries, in bytes. */
  get heldBytes(): number {
    return this.#small.bytes + this.#large.calculatedSize;
  }

  /** The small entry whose key's bytes stand in `[from, to)`. */
  find(bytes: Uint8Array, from: number, to: number): Spot | undefined {
    return this.#small.find(bytes, from, to);
  }

  /** The entry of a key; whoever gets it keeps it from leaving next. */
  get(key: Key): E | undefined {
    return this.#small.get(key) ?? (this.#large.size > 0 ? this.#large.get(key) : undefined);
  }

  /** The entry of a key, without any effect. */
  peek(key: Key): E | undefined {
    return this.#small.peek(key) ?? this.#large.peek(key);
  }

  /** Keeps an entry, whose value then lies in the store's memory, or in its own; false if it cannot. */
  set(key: Key, entry: E): boolean {
    const { entries, bytes } = this.options;
    const half = bytes / 2;
    const small = this.#small;
    const large = this.#large;
    this.delete(key);
    if (entries < 1) return false;
    // First room, then the entry: the other way round the new one could be the first to leave.
    while (this.size >= entries) this.#evict();
    const isSmall = small.suits(key, entry);
    if (isSmall) {
      small.set(key, entry, bytes - Math.min(large.calculatedSize, half));
    } else {
      entry.value = ownBytes(entry.value);
      large.set(key, entry);
    }
    while (this.heldBytes > bytes && large.calculatedSize > half) large.pop();
    if (this.heldBytes > bytes) small.shrink(bytes - large.calculatedSize);
    return isSmall || large.has(key);
  }

  delete(key: Key): boolean {
    return this.#small.delete(key) || this.#large.delete(key);
  }

  /** Lets one entry go, of the kind that has more than half. */
  #evict(): void {
    const isLarge = this.#small.size === 0 || 2 * this.#large.size > this.options.entries;
    if (isLarge) this.#large.pop();
    else this.#small.evict();
  }
}
