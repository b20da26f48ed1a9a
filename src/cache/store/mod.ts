/**
 * The entries of the cache, within bounds. Up to 1,000 entries, eviction is exact LRU, whatever the
 * sizes (recent.ts). Beyond that, small values are packed into segments (packed.ts). There, an
 * entry costs a third of the memory, and a hit on one of many keys takes a third of the time.
 * Packed values leave in approximate order; large values and absent keys stay in exact order.
 *
 * Packed and other entries share one limit on entries and one on bytes. Each kind may use all the
 * room that the other leaves, and is guaranteed half. What counts is the memory actually held:
 * whole segments with their dead records, and tables. Garbage that V8 has not collected yet does
 * not count.
 *
 * @module
 */
import type { EvictionCause } from "../../core/stats.ts";
import type { Key, Value } from "../../core/types.ts";
import type { Entry, Marks } from "../entry.ts";
import { CacheKey } from "../key.ts";
import { PackedStore, SMALLEST_BYTES } from "./packed.ts";
import { RecentStore } from "./recent.ts";
import type { Bounds, Room, Tenant } from "./room.ts";

export interface StoreOptions extends Bounds {
  /** The room, with the same bounds, that it shares with other stores; default: it is alone. */
  readonly room?: Room | undefined;
  /** Called with the hash of the key of each evicted entry. */
  readonly onEvict: (hash: number, cause: EvictionCause) => void;
}

/** Up to this many entries, all of them are in exact order. */
export const EXACT_ENTRIES = 1000;

/** Absent keys may have one in this many entries, and one in this many bytes. */
const ABSENCE_SHARE = 10;

export class Store implements Tenant {
  #recent: RecentStore;
  /** The small values, once there are many entries. */
  #packed: PackedStore | null = null;
  /** The cause of the current evictions. */
  #cause: EvictionCause = "memory";
  readonly #onEvict = (hash: number) => this.options.onEvict(hash, this.#cause);

  constructor(readonly options: StoreOptions) {
    this.#recent = this.#newRecent();
    options.room?.enter(this);
  }

  get size(): number {
    return this.#recent.size + (this.#packed?.size ?? 0);
  }

  /** The cost of the entries, in bytes. */
  get bytes(): number {
    return this.#recent.bytes + (this.#packed?.liveBytes ?? 0);
  }

  /** The memory held for entries, in bytes. */
  get heldBytes(): number {
    return this.#recent.bytes + (this.#packed?.bytes ?? 0);
  }

  /** Finds the entry of the key with the bytes `[from, to)`. This counts as a use. */
  find(bytes: Uint8Array, from: number, to: number, hash: number): Entry | undefined {
    return this.#packed?.find(bytes, from, to, hash) ?? this.#recent.find(bytes, from, to, hash);
  }

  /** Finds the entry of a key. This does not count as a use. */
  peek(key: CacheKey): Entry | undefined {
    return this.#packed?.peek(key) ?? this.#recent.peek(key);
  }

  /**
   * Keeps an entry and replaces any other of its key. Copies the value if it is a part of something
   * larger. Returns undefined if the entry has no room.
   */
  set(key: CacheKey, value: Value, isAbsence: boolean, marks: Marks): Entry | undefined {
    const { room } = this.options;
    const { entries, bytes } = room === undefined ? this.options : room.boundsOf(this);
    this.delete(key);
    this.#cause = "absent_keys";
    if (entries < 1 || (isAbsence && !this.#recent.admitAbsence(key.text))) return undefined;
    this.#cause = "entries";
    // Room comes first: otherwise the new entry could be the first to leave.
    while (this.size >= entries) this.#evict();
    this.#cause = "memory";
    if (this.#packed === null && this.size >= EXACT_ENTRIES && bytes >= SMALLEST_BYTES) {
      this.#pack(bytes);
    }
    const packed = this.#packed;
    if (packed === null) {
      const entry = this.#recent.set(key, value, isAbsence, marks);
      while (this.#recent.bytes > bytes && this.size > 1) this.#recent.evict();
      return entry;
    }
    const half = bytes / 2;
    const isPacked = !isAbsence && packed.suits(key.text, value);
    const entry = isPacked
      ? packed.set(key, value, marks, bytes - Math.min(this.#recent.bytes, half))
      : this.#recent.set(key, value, isAbsence, marks);
    while (this.heldBytes > bytes && this.#recent.bytes > half) this.#recent.evict();
    if (this.heldBytes > bytes) packed.shrink(bytes - this.#recent.bytes);
    return isPacked || this.#recent.peek(key) !== undefined ? entry : undefined;
  }

  /** The keys of the values, about the most recently used first. */
  *keys(): Iterable<Key> {
    yield* this.#recent.keys();
    if (this.#packed !== null) yield* this.#packed.keys();
  }

  /** The keys with a prefix. */
  keysWith(prefix: Key): Key[] {
    const recent = [...this.#recent.keys()].filter((key) => key.startsWith(prefix));
    return this.#packed === null ? recent : recent.concat(this.#packed.keysWith(prefix));
  }

  shrink({ entries, bytes }: Bounds): void {
    this.#cause = "memory";
    while (this.size > entries) this.#evict();
    if (this.heldBytes > bytes) this.#packed?.shrink(bytes - this.#recent.bytes);
    while (this.heldBytes > bytes && this.#recent.size > 0) this.#recent.evict();
  }

  /** Leaves its room to the others. */
  close(): void {
    this.clear();
    this.options.room?.leave(this);
  }

  /** Drops all entries. */
  clear(): void {
    this.#recent = this.#newRecent();
    this.#packed = null;
  }

  delete(key: CacheKey): boolean {
    return (this.#packed?.delete(key) ?? false) || this.#recent.delete(key);
  }

  #newRecent(): RecentStore {
    const { entries, bytes } = this.options;
    return new RecentStore({
      bytes,
      absences: {
        entries: Math.floor(entries / ABSENCE_SHARE),
        bytes: Math.floor(bytes / ABSENCE_SHARE),
      },
      onEvict: this.#onEvict,
    });
  }

  /** Evicts one entry of the kind that uses more than half. */
  #evict(): void {
    const packed = this.#packed;
    const isRecent = packed === null || packed.size === 0 ||
      2 * this.#recent.size > this.options.entries;
    if (isRecent) this.#recent.evict();
    else packed.evict();
  }

  /** Packs the small values, the least recently used first, to keep their order. */
  #pack(bytes: number): void {
    const packed = this.#packed = new PackedStore(bytes, this.#onEvict);
    for (const entry of this.#recent.take((key, value) => packed.suits(key, value))) {
      packed.set(new CacheKey(entry.text, entry.hash), entry.value, entry, bytes);
    }
  }
}
