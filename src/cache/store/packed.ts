/**
 * Many small values: records in segments, with a table of numbers to find them. A hit on one of
 * many random keys reads three or four cache lines. A map of strings to objects in a linked list
 * reads about fifteen.
 *
 * Eviction is CLOCK, which approximates "least recently used". It needs one bit per entry, and
 * writes it only at the first of many hits. The oldest record leaves, unless it was read since it
 * was added or last spared.
 *
 * @module
 */
import type { Key, Value } from "../../core/types.ts";
import type { Entry, Marks } from "../entry.ts";
import type { CacheKey } from "../key.ts";
import { NONE, Places } from "./places.ts";
import { COLD, DEAD, READ, RecordView, sizeOf } from "./segment.ts";
import { offsetOf, SEGMENT_BYTES, Segments, SEGMENTS_BYTES } from "./segments.ts";

/** The smallest bound, in bytes. Below it, segments would be too few or too small. */
export const SMALLEST_BYTES = 1024 * 1024;

/** The least number of segments, and the largest record as a part of a segment. */
const SEGMENT_SHARE = 32;

export class PackedStore {
  /** The largest record, in bytes. */
  readonly largest: number;
  readonly #segments: Segments;
  readonly #places = new Places();
  readonly #view = new RecordView();
  /** The bytes of the live records. */
  #recordBytes = 0;

  /**
   * @param bytes The bound, which decides the size of the segments; at least `SMALLEST_BYTES`.
   * @param onEvict Called with the hash of the key of each evicted entry.
   */
  constructor(bytes: number, readonly onEvict: (hash: number) => void) {
    const share = 2 ** Math.floor(Math.log2(bytes / SEGMENT_SHARE));
    this.#segments = new Segments(Math.min(SEGMENT_BYTES, share));
    this.largest = this.#segments.size / SEGMENT_SHARE;
  }

  get size(): number {
    return this.#places.size;
  }

  /** The cost of the entries, in bytes. */
  get liveBytes(): number {
    return this.#recordBytes + this.#places.bytes;
  }

  /** The memory held, dead records included, in bytes. */
  get bytes(): number {
    return this.#segments.bytes + this.#places.bytes + this.#segments.noteBytes;
  }

  /** Whether a value is small enough. */
  suits(key: { readonly length: number }, value: Value): boolean {
    return sizeOf(key.length, value.length) <= this.largest;
  }

  /**
   * Finds the entry of the key with the bytes `[from, to)`, and spares it from the next eviction.
   */
  find(bytes: Uint8Array, from: number, to: number, hash: number): Entry | undefined {
    const { slots, mask } = this.#places;
    for (let slot = hash & mask;; slot = (slot + 1) & mask) {
      const place = slots[2 * slot + 1]! - 1;
      if (place === NONE) return undefined;
      if (slots[2 * slot] !== hash) continue;
      const segment = this.#segments.segmentAt(place);
      const offset = offsetOf(place);
      if (!segment.hasBytes(offset, bytes, from, to)) continue;
      if (segment.stateAt(offset) === COLD) segment.setState(offset, READ);
      return this.#view.show(segment, offset);
    }
  }

  /** Finds the entry of a key. This does not count as a use. */
  peek(key: CacheKey): Entry | undefined {
    const place = this.#placeOf(key);
    return place === NONE ? undefined : this.#viewAt(place);
  }

  /**
   * Keeps a small entry of a key that has none. Evicts to stay within `limit` bytes, as far as
   * possible.
   */
  set(key: CacheKey, value: Value, marks: Marks, limit: number): Entry {
    const size = sizeOf(key.text.length, value.length);
    this.#makeRoom(size, limit);
    const place = this.#segments.append(key, value, marks);
    this.#places.insert(key.hash, place);
    this.#recordBytes += size;
    return this.#viewAt(place);
  }

  delete(key: CacheKey): boolean {
    const place = this.#placeOf(key);
    if (place !== NONE) this.#remove(place);
    return place !== NONE;
  }

  /** The keys, those that were read first. */
  *keys(): Iterable<Key> {
    const { slots } = this.#places;
    for (const state of [READ, COLD]) {
      for (let at = 1; at < slots.length; at += 2) {
        const place = slots[at]! - 1;
        if (place === NONE) continue;
        const segment = this.#segments.segmentAt(place);
        const offset = offsetOf(place);
        if (segment.stateAt(offset) === state) yield segment.keyAt(offset);
      }
    }
  }

  /** The keys that begin with these bytes, given as text. */
  keysWith(prefix: Key): Key[] {
    const { slots } = this.#places;
    const keys: Key[] = [];
    for (let at = 1; at < slots.length; at += 2) {
      const place = slots[at]! - 1;
      if (place === NONE) continue;
      const segment = this.#segments.segmentAt(place);
      const offset = offsetOf(place);
      if (segment.hasPrefix(offset, prefix)) keys.push(segment.keyAt(offset));
    }
    return keys;
  }

  /** Evicts one entry. */
  evict(): void {
    const { size } = this;
    while (this.size === size) this.#advance(false);
  }

  /** Evicts until the memory is at most `limit` bytes, as far as possible. */
  shrink(limit: number): void {
    while (this.bytes > Math.min(limit, SEGMENTS_BYTES) && this.#segments.count > 1) {
      this.#reclaim();
    }
  }

  #viewAt(place: number): Entry {
    return this.#view.show(this.#segments.segmentAt(place), offsetOf(place));
  }

  #placeOf({ text, hash }: CacheKey): number {
    const { slots, mask } = this.#places;
    for (let slot = hash & mask;; slot = (slot + 1) & mask) {
      const place = slots[2 * slot + 1]! - 1;
      if (place === NONE) return NONE;
      if (slots[2 * slot] !== hash) continue;
      if (this.#segments.segmentAt(place).hasText(offsetOf(place), text)) return place;
    }
  }

  #remove(place: number): void {
    const segment = this.#segments.segmentAt(place);
    const offset = offsetOf(place);
    this.#places.remove(segment.hashAt(offset), place);
    this.#recordBytes -= segment.sizeAt(offset);
    this.#segments.kill(place);
  }

  /** Makes room for a record at the end. Leaves one segment free for records that are moved. */
  #makeRoom(size: number, limit: number): void {
    const segments = this.#segments;
    if (segments.hasRoom(size)) return;
    this.shrink(limit - 2 * segments.size);
    // Enough dead bytes stay that each new byte moves at most one old byte.
    while (segments.bytes > 2 * this.#recordBytes + 4 * segments.size) this.#reclaim();
    if (!segments.hasRoom(size)) segments.open();
  }

  /** Frees the oldest segment. Evicts nothing while a quarter of the memory is dead. */
  #reclaim(): void {
    const segments = this.#segments;
    const keepAll = 4 * this.#recordBytes < 3 * segments.bytes - 4 * segments.size;
    for (let isFree = false; !isFree;) isFree = this.#advance(keepAll);
  }

  /**
   * Moves past the oldest record, and evicts it unless it was read or `keepAll` is set. After the
   * last record of the oldest segment, drops that segment and returns true.
   */
  #advance(keepAll: boolean): boolean {
    const place = this.#segments.pass();
    if (place === undefined) {
      this.#segments.drop();
      return true;
    }
    const segment = this.#segments.segmentAt(place);
    const offset = offsetOf(place);
    const state = segment.stateAt(offset);
    if (state === DEAD) return false;
    if (state === READ || keepAll) this.#move(place);
    else {
      this.onEvict(segment.hashAt(offset));
      this.#remove(place);
    }
    return false;
  }

  #move(place: number): void {
    const segment = this.#segments.segmentAt(place);
    const offset = offsetOf(place);
    if (!this.#segments.hasRoom(segment.sizeAt(offset))) this.#segments.open();
    this.#places.move(segment.hashAt(offset), place, this.#segments.copy(place));
    this.#segments.kill(place);
  }
}
