/**
 * Small entries: records in segments, found by a table of numbers. A hit on one of many random keys
 * costs three or four cache lines, where a map of strings to objects in a list costs about fifteen.
 *
 * The oldest records leave first, but for those that were read since they came, or since they were
 * spared the last time: CLOCK, the approximation of least recently used that needs one bit for each
 * entry, and a write for the first of many hits only.
 *
 * @module
 */
import type { Key } from "../../core/types.ts";
import { hashOf, randomHashKey } from "./hash.ts";
import type { Keeping, Kept, Spot } from "./record.ts";
import { NONE, Places } from "./places.ts";
import { DEAD, READ, SEGMENT_BYTES, Segments, SEGMENTS_BYTES, sizeOf } from "./segments.ts";

/** Bounds below which segments do not pay: there would be too few of them, or too small ones. */
const SMALLEST_BYTES = 1024 * 1024;

/** A segment is one of so many at least, and the largest record a part of it as small. */
const SEGMENT_SHARE = 32;

export class SmallStore<E extends Kept> {
  /** Size up to which an entry is small, in bytes; 0 if none is. */
  readonly largest: number;
  readonly #segments: Segments;
  readonly #places = new Places();
  readonly #hashKey = randomHashKey();
  /** Where the bytes of a key are put to be looked up. */
  readonly #scratch: Uint8Array;
  /** The bytes of the records that are in use. */
  #liveBytes = 0;

  constructor(bytes: number, readonly keeping: Keeping<E>) {
    const share = 2 ** Math.floor(Math.log2(Math.max(1, bytes / SEGMENT_SHARE)));
    this.#segments = new Segments(Math.min(SEGMENT_BYTES, share));
    this.largest = bytes < SMALLEST_BYTES ? 0 : this.#segments.size / SEGMENT_SHARE;
    this.#scratch = new Uint8Array(this.largest);
  }

  get size(): number {
    return this.#places.size;
  }

  /** What the entries cost, in bytes. */
  get liveBytes(): number {
    return this.#liveBytes + this.#tableBytes;
  }

  /** The memory that is held for entries, those included that are there no more, in bytes. */
  get bytes(): number {
    return this.#segments.bytes + this.#tableBytes;
  }

  get #tableBytes(): number {
    return this.#places.size === 0 ? 0 : this.#places.slots.byteLength;
  }

  /** Whether an entry is small. */
  suits(key: Key, { value }: Kept): boolean {
    return sizeOf(key.length, value.length) <= this.largest;
  }

  /** The entry whose key's bytes stand in `[from, to)`. */
  find(bytes: Uint8Array, from: number, to: number): Spot | undefined {
    const place = this.#find(bytes, from, to, hashOf(this.#hashKey, bytes, from, to));
    return place === NONE ? undefined : this.#segments.look(place);
  }

  get(key: Key): E | undefined {
    const place = this.#placeOf(key);
    if (place === NONE) return undefined;
    const spot = this.#segments.look(place);
    return this.keeping.make(key, spot, spot.take());
  }

  /** The same without any effect. */
  peek(key: Key): E | undefined {
    const place = this.#placeOf(key);
    if (place === NONE) return undefined;
    const segments = this.#segments;
    segments.look(place);
    return this.keeping.make(key, segments, segments.value());
  }

  /**
   * Keeps an entry that suits, of a key that has none, within so many bytes of memory if that can be had by eviction. Its
   * value is from then on the one in the segment.
   */
  set(key: Key, kept: E, limit: number): void {
    const size = sizeOf(key.length, kept.value.length);
    this.#makeRoom(size, limit);
    const hash = this.#hashOf(key);
    const place = this.#segments.append(hash, this.#scratch.subarray(0, key.length), kept);
    this.#places.insert(hash, place);
    this.#liveBytes += size;
    this.#segments.look(place);
    kept.value = this.#segments.value();
  }

  delete(key: Key): boolean {
    const place = this.#placeOf(key);
    if (place !== NONE) this.#remove(place);
    return place !== NONE;
  }

  /** Lets one entry go. */
  evict(): void {
    const { size } = this;
    while (this.size === size) this.#advance(false);
  }

  /** Keeps the memory within so many bytes, as far as possible. */
  shrink(limit: number): void {
    while (this.bytes > Math.min(limit, SEGMENTS_BYTES) && this.#segments.count > 1) {
      this.#reclaim();
    }
  }

  #placeOf(key: Key): number {
    if (key.length > this.largest) return NONE;
    return this.#find(this.#scratch, 0, key.length, this.#hashOf(key));
  }

  /** The hash of a key, whose bytes are in the scratch thereafter. */
  #hashOf(key: Key): number {
    const { length } = key;
    const scratch = this.#scratch;
    for (let i = 0; i < length; i++) scratch[i] = key.charCodeAt(i);
    return hashOf(this.#hashKey, scratch, 0, length);
  }

  #find(key: Uint8Array, from: number, to: number, hash: number): number {
    const { slots, mask } = this.#places;
    for (let slot = hash & mask;; slot = (slot + 1) & mask) {
      const place = slots[2 * slot + 1]! - 1;
      if (place === NONE) return NONE;
      if (slots[2 * slot] === hash && this.#segments.isAt(place, key, from, to)) return place;
    }
  }

  /** Takes the record at a place out of the table; its bytes stay until their segment goes. */
  #remove(place: number): void {
    const segments = this.#segments;
    this.#places.remove(segments.hashAt(place), place);
    segments.kill(place);
    this.#liveBytes -= segments.sizeAt(place);
  }

  /** Makes room for a record at the end. One segment is left over for what is moved meanwhile. */
  #makeRoom(size: number, limit: number): void {
    const segments = this.#segments;
    if (segments.hasRoom(size)) return;
    this.shrink(limit - 2 * segments.size);
    // Of what is dead, so much is left alone that no byte is moved more than once for each new one.
    while (segments.bytes > 2 * this.#liveBytes + 4 * segments.size) this.#reclaim();
    if (!segments.hasRoom(size)) segments.open();
  }

  /** Frees the oldest segment. Nobody has to go while a quarter of the memory is dead. */
  #reclaim(): void {
    const segments = this.#segments;
    const keepAll = 4 * this.#liveBytes < 3 * segments.bytes - 4 * segments.size;
    for (let isFree = false; !isFree;) isFree = this.#advance(keepAll);
  }

  /** Looks at the oldest record: it leaves, unless it was read or all are kept. True at the end. */
  #advance(keepAll: boolean): boolean {
    const segments = this.#segments;
    const place = segments.pass();
    if (place === undefined) {
      segments.drop();
      return true;
    }
    const state = segments.stateAt(place);
    if (state === DEAD) return false;
    if (state === READ || keepAll) this.#move(place);
    else {
      this.keeping.evicted(segments.keyAt(place));
      this.#remove(place);
    }
    return false;
  }

  #move(place: number): void {
    const segments = this.#segments;
    if (!segments.hasRoom(segments.sizeAt(place))) segments.open();
    const moved = segments.copy(place);
    this.#places.move(segments.hashAt(place), place, moved);
    segments.kill(place);
  }
}
