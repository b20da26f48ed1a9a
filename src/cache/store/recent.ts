/**
 * Entries as objects, with exact LRU eviction. `LRUCache` keeps their order and counts their bytes.
 * A table of hashes finds an entry by the bytes of its key, so that a hit makes no string.
 *
 * Absent keys are entries too, with a bound of their own: a scan for keys that do not exist must
 * not evict the values.
 *
 * `LRUCache` is used here as a plain LRU with sizes. The entry itself holds its freshness: the
 * `ttl` of `LRUCache` costs memory and reads the clock for each entry, and with its `fetch`, reads
 * evict live entries.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import type { Buffer } from "node:buffer";
import type { Key, Value } from "../../core/types.ts";
import type { Entry, Marks } from "../entry.ts";
import type { CacheKey } from "../key.ts";
import { NONE, Places } from "./places.ts";
import { hasBytes, hasText, RecentEntry, sizeOf } from "./recent_entry.ts";

/** `LRUCache` learns of uses in batches of this size. */
const USES = 8192;

const NO_BYTES = new Uint8Array(0);

/** Bounds of the store. */
export interface RecentOptions {
  readonly bytes: number;
  /** Bounds of the absent keys. */
  readonly absences: { readonly entries: number; readonly bytes: number };
  /** Called with the hash of the key of each evicted entry. */
  readonly onEvict: (hash: number) => void;
}

export class RecentStore {
  /** Entries by their place. */
  readonly #order: LRUCache<number, RecentEntry>;
  readonly #places = new Places();
  /** The same entries. A deleted one leaves a hole for the next. */
  readonly #entries: (RecentEntry | undefined)[] = [];
  readonly #holes: number[] = [];
  /**
   * Places of the used entries, in order, until `LRUCache` learns of them. It takes 30 ns for each,
   * and needs only the last use of each entry, before the next eviction.
   */
  readonly #uses = new Int32Array(USES);
  #useCount = 0;
  /** The most recently used entry. */
  #newest: RecentEntry | undefined;
  /** The absent keys, least recently used first. */
  readonly #absences = new Set<RecentEntry>();
  #absenceBytes = 0;

  constructor(readonly options: RecentOptions) {
    this.#order = new LRUCache({
      maxSize: Math.max(1, options.bytes),
      sizeCalculation: ({ size }) => size,
      dispose: (entry, _, why) => {
        this.#forget(entry);
        if (why === "evict") options.onEvict(entry.hash);
      },
    });
  }

  get size(): number {
    return this.#order.size;
  }

  /** The cost of the entries, in bytes. */
  get bytes(): number {
    return this.#order.calculatedSize;
  }

  /** Finds the entry of the key with the bytes `[from, to)`. It becomes the most recently used. */
  find(bytes: Uint8Array, from: number, to: number, hash: number): Entry | undefined {
    const { slots, mask } = this.#places;
    for (let slot = hash & mask;; slot = (slot + 1) & mask) {
      const place = slots[2 * slot + 1]! - 1;
      if (place === NONE) return undefined;
      if (slots[2 * slot] !== hash) continue;
      const entry = this.#entries[place]!;
      if (!hasBytes(entry.key, bytes, from, to)) continue;
      if (entry !== this.#newest) this.#use(entry);
      return entry;
    }
  }

  /** Finds the entry of a key. This does not count as a use. */
  peek(key: CacheKey): Entry | undefined {
    return this.#entryOf(key);
  }

  /** Keeps an entry of a key that has none. Returns undefined if it is larger than the store. */
  set(key: CacheKey, value: Value, isAbsence: boolean, marks: Marks): Entry | undefined {
    const size = sizeOf(key.text, value);
    if (size > this.#order.maxSize) return undefined;
    this.#applyUses();
    const place = this.#holes.at(-1) ?? this.#entries.length;
    const entry = new RecentEntry(key, value, isAbsence, marks, place);
    this.#holes.pop();
    if (isAbsence) {
      this.#absences.add(entry);
      this.#absenceBytes += size;
    }
    this.#entries[place] = entry;
    this.#places.insert(key.hash, place);
    this.#order.set(place, entry);
    this.#newest = entry;
    return entry;
  }

  /** Makes room for an absent key among the others; false if that is not possible. */
  admitAbsence(key: Key): boolean {
    const { entries, bytes } = this.options.absences;
    const size = sizeOf(key, NO_BYTES);
    if (entries < 1 || size > bytes) return false;
    this.#applyUses();
    for (const oldest of this.#absences) {
      if (this.#absences.size < entries && this.#absenceBytes + size <= bytes) break;
      this.#order.delete(oldest.place);
      this.options.onEvict(oldest.hash);
    }
    return true;
  }

  delete(key: CacheKey): boolean {
    const entry = this.#entryOf(key);
    return entry !== undefined && this.#order.delete(entry.place);
  }

  /** Evicts the least recently used entry. */
  evict(): void {
    this.#applyUses();
    this.#order.pop();
  }

  /** The keys, the most recently used first. */
  *keys(): Iterable<Key> {
    this.#applyUses();
    for (const entry of this.#order.values()) if (entry !== undefined) yield entry.text;
  }

  /** Removes and returns the values that `isWanted` selects, least recently used first. */
  *take(isWanted: (key: Buffer, value: Value) => boolean): Iterable<RecentEntry> {
    this.#applyUses();
    for (const entry of [...this.#order.rvalues()]) {
      if (entry === undefined || entry.isAbsence || !isWanted(entry.key, entry.value)) continue;
      this.#order.delete(entry.place);
      yield entry;
    }
  }

  #entryOf({ text, hash }: CacheKey): RecentEntry | undefined {
    const { slots, mask } = this.#places;
    for (let slot = hash & mask;; slot = (slot + 1) & mask) {
      const place = slots[2 * slot + 1]! - 1;
      if (place === NONE) return undefined;
      if (slots[2 * slot] !== hash) continue;
      const entry = this.#entries[place]!;
      if (hasText(entry.key, text)) return entry;
    }
  }

  #use(entry: RecentEntry): void {
    this.#newest = entry;
    if (this.#useCount === USES) this.#applyUses();
    entry.lastUse = this.#useCount;
    this.#uses[this.#useCount++] = entry.place;
  }

  /** Tells `LRUCache` of the uses. */
  #applyUses(): void {
    for (let use = 0; use < this.#useCount; use++) {
      const entry = this.#entries[this.#uses[use]!];
      if (entry === undefined || entry.lastUse !== use) continue;
      this.#order.get(entry.place);
      if (!entry.isAbsence) continue;
      this.#absences.delete(entry);
      this.#absences.add(entry);
    }
    this.#useCount = 0;
  }

  #forget(entry: RecentEntry): void {
    this.#places.remove(entry.hash, entry.place);
    this.#entries[entry.place] = undefined;
    this.#holes.push(entry.place);
    if (this.#newest === entry) this.#newest = undefined;
    if (this.#absences.delete(entry)) this.#absenceBytes -= entry.size;
  }
}
