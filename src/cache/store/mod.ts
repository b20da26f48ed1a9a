/**
 * The entries of the cache within bounds. Up to 1,000 of them, the least recently used leaves,
 * exactly, whatever the sizes (recent.ts). With more, small values are packed into segments, where
 * an entry costs a third of the memory and a hit on one of many keys a third of the time; they leave
 * in approximate order (packed.ts). Large values and absent keys stay in exact order.
 *
 * Packed and other entries share one bound of entries and one of bytes: each kind may use what the
 * other leaves, and is sure of half. The bound of bytes is for memory held: segments whole, dead
 * records included, and tables. On top comes what V8 has not collected yet.
 *
 * @module
 */
import type { Key, Value } from "../../core/types.ts";
import type { Entry, Marks } from "../entry.ts";
import { CacheKey } from "../key.ts";
import { PackedStore, SMALLEST_BYTES } from "./packed.ts";
import { RecentStore } from "./recent.ts";

/** Bounds of a store. */
export interface StoreOptions {
  /** Entries kept at most. */
  readonly entries: number;
  /** Bytes kept at most: keys, values and what it costs to keep them. */
  readonly bytes: number;
  /** Called with the key of each entry that leaves to make room. */
  readonly onEvict: (key: Key) => void;
}

/** Entries up to which all are in exact order. */
export const EXACT_ENTRIES = 1000;

/** One in so many entries, and bytes, may be for a key that does not exist. */
const ABSENCE_SHARE = 10;

export class Store {
  readonly #recent: RecentStore;
  /** The small values, once there are many entries. */
  #packed: PackedStore | null = null;

  constructor(readonly options: StoreOptions) {
    const { entries, bytes, onEvict } = options;
    this.#recent = new RecentStore({
      bytes,
      absences: {
        entries: Math.floor(entries / ABSENCE_SHARE),
        bytes: Math.floor(bytes / ABSENCE_SHARE),
      },
      onEvict,
    });
  }

  get size(): number {
    return this.#recent.size + (this.#packed?.size ?? 0);
  }

  /** What the entries cost, in bytes. */
  get bytes(): number {
    return this.#recent.bytes + (this.#packed?.liveBytes ?? 0);
  }

  /** The memory held for entries, in bytes. */
  get heldBytes(): number {
    return this.#recent.bytes + (this.#packed?.bytes ?? 0);
  }

  /** Finds the entry of the key whose bytes are in `[from, to)`; that counts as a use. */
  find(bytes: Uint8Array, from: number, to: number, hash: number): Entry | undefined {
    return this.#packed?.find(bytes, from, to, hash) ?? this.#recent.find(bytes, from, to, hash);
  }

  /** Finds the entry of a key without any effect. */
  peek(key: CacheKey): Entry | undefined {
    return this.#packed?.peek(key) ?? this.#recent.peek(key);
  }

  /**
   * Keeps an entry in place of any other of its key. Its value is a copy where the given one is a
   * part of something larger. Returns undefined where there is no room for it.
   */
  set(key: CacheKey, value: Value, isAbsence: boolean, marks: Marks): Entry | undefined {
    const { entries, bytes } = this.options;
    this.delete(key);
    if (entries < 1 || (isAbsence && !this.#recent.admitAbsence(key.text))) return undefined;
    // First room, then the entry: otherwise the new one could be the first to leave.
    while (this.size >= entries) this.#evict();
    if (this.#packed === null && this.size >= EXACT_ENTRIES && bytes >= SMALLEST_BYTES) {
      this.#pack();
    }
    const packed = this.#packed;
    if (packed === null) return this.#recent.set(key, value, isAbsence, marks);
    const half = bytes / 2;
    const isPacked = !isAbsence && packed.suits(key.text, value);
    const entry = isPacked
      ? packed.set(key, value, marks, bytes - Math.min(this.#recent.bytes, half))
      : this.#recent.set(key, value, isAbsence, marks);
    while (this.heldBytes > bytes && this.#recent.bytes > half) this.#recent.evict();
    if (this.heldBytes > bytes) packed.shrink(bytes - this.#recent.bytes);
    return isPacked || this.#recent.peek(key) !== undefined ? entry : undefined;
  }

  delete(key: CacheKey): boolean {
    return (this.#packed?.delete(key) ?? false) || this.#recent.delete(key);
  }

  /** Evicts one entry, of the kind that has more than half. */
  #evict(): void {
    const packed = this.#packed;
    const isRecent = packed === null || packed.size === 0 ||
      2 * this.#recent.size > this.options.entries;
    if (isRecent) this.#recent.evict();
    else packed.evict();
  }

  /** Packs the small values, least recently used first, so that their order stays. */
  #pack(): void {
    const { bytes, onEvict } = this.options;
    const packed = this.#packed = new PackedStore(bytes, onEvict);
    for (const entry of this.#recent.take((key, value) => packed.suits(key, value))) {
      packed.set(new CacheKey(entry.text, entry.hash), entry.value, entry, bytes);
    }
  }
}
