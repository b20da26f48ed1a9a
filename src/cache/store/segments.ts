/**
 * Records in memory that the garbage collector does not see: marks, key and value side by side in
 * segments of bytes. Segments are only ever appended to, and let go of as a whole, oldest first: a
 * value that was handed out stays what it was for as long as somebody holds it.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Key, Millis, Value } from "../../core/types.ts";
import type { Kept, Marks, Spot } from "./record.ts";

// A record: four doubles (the marks that are moments), six integers, the key, the value.
export const RECORD_BYTES = 56;

// In words of four bytes from the record's start.
const EPOCH = 8;
const GENERATION = 9;
const KEY_LENGTH = 10;
const VALUE_LENGTH = 11;
const HASH = 12;
const STATE = 13;

/** Whether a record was read since it came, or was taken out. */
export const COLD = 0;
export const READ = 1;
export const DEAD = 2;
export type RecordState = typeof COLD | typeof READ | typeof DEAD;

/** A place is the segment's number above these bits, and the record's offset in units of 8 below. */
const OFFSET_BITS = 15;
const OFFSET_MASK = (1 << OFFSET_BITS) - 1;

/** Size of the largest segment, in bytes. */
export const SEGMENT_BYTES = 8 << OFFSET_BITS;

/** What all segments hold at most, so that each place is a number of 32 bits; in bytes. */
export const SEGMENTS_BYTES = (2 ** 16 - 4) * SEGMENT_BYTES;

/** A piece of memory with three views of it; bytes from `end` on are free. */
interface Segment {
  /** What the views are of: to ask one of them for it is a call. */
  readonly buffer: ArrayBuffer;
  readonly bytes: Buffer;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  end: number;
}

export class Segments implements Spot {
  /** Segments by number; those that are gone leave a hole for the next. */
  readonly #segments: (Segment | undefined)[] = [];
  readonly #holes: number[] = [];
  /** Numbers of the segments, oldest first. */
  readonly #ages: number[] = [];
  /** Where in the oldest segment the oldest record is that was not passed yet. */
  #hand = 0;

  // The record that `look` has found last; its marks are read from where they lie.
  #seen: Segment | undefined;
  #offset = 0;

  /** @param size Of a segment, in bytes: a power of two. */
  constructor(readonly size: number) {}

  get count(): number {
    return this.#ages.length;
  }

  /** The memory of all segments, in bytes. */
  get bytes(): number {
    return this.#ages.length * this.size;
  }

  /** Whether a record fits into the newest segment. */
  hasRoom(size: number): boolean {
    const newest = this.#segments[this.#ages.at(-1) ?? -1];
    return newest !== undefined && newest.end + size <= this.size;
  }

  open(): void {
    const buffer = new ArrayBuffer(this.size);
    const bytes = Buffer.from(buffer);
    const words = new Int32Array(buffer);
    const doubles = new Float64Array(buffer);
    const number = this.#holes.pop() ?? this.#segments.length;
    this.#segments[number] = { buffer, bytes, words, doubles, end: 0 };
    this.#ages.push(number);
  }

  /** Appends a record, for which there must be room, with a key's bytes; returns its place. */
  append(hash: number, key: Uint8Array, kept: Kept): number {
    const { value } = kept;
    const place = this.#reserve(sizeOf(key.length, value.length));
    const { bytes, words, doubles } = this.#segmentOf(place);
    const offset = offsetOf(place);
    writeMarks(doubles, words, offset, kept);
    const word = offset >>> 2;
    words[word + KEY_LENGTH] = key.length;
    words[word + VALUE_LENGTH] = value.length;
    words[word + HASH] = hash;
    words[word + STATE] = COLD;
    const start = offset + RECORD_BYTES;
    bytes.set(key, start);
    bytes.set(value, start + key.length);
    return place;
  }

  /** Copies a record to the end, as one that nobody has read yet; returns its place there. */
  copy(place: number): number {
    const from = this.#segmentOf(place);
    const offset = offsetOf(place);
    const size = this.sizeAt(place);
    const copied = this.#reserve(size);
    const to = this.#segmentOf(copied);
    const start = offsetOf(copied);
    to.bytes.set(from.bytes.subarray(offset, offset + size), start);
    to.words[(start >>> 2) + STATE] = COLD;
    return copied;
  }

  /** The place of the oldest record that was not passed yet, and passes it; undefined at the end. */
  pass(): number | undefined {
    const number = this.#ages[0]!;
    const { end } = this.#segments[number]!;
    if (this.#hand >= end) return undefined;
    const place = number << OFFSET_BITS | this.#hand >>> 3;
    this.#hand += this.sizeAt(place);
    return place;
  }

  /** Lets the oldest segment go. */
  drop(): void {
    const number = this.#ages.shift()!;
    this.#segments[number] = undefined;
    this.#holes.push(number);
    this.#hand = 0;
  }

  sizeAt(place: number): number {
    const { words } = this.#segmentOf(place);
    const word = offsetOf(place) >>> 2;
    return sizeOf(words[word + KEY_LENGTH]!, words[word + VALUE_LENGTH]!);
  }

  hashAt(place: number): number {
    return this.#segmentOf(place).words[(offsetOf(place) >>> 2) + HASH]!;
  }

  stateAt(place: number): number {
    return this.#segmentOf(place).words[(offsetOf(place) >>> 2) + STATE]!;
  }

  kill(place: number): void {
    this.#segmentOf(place).words[(offsetOf(place) >>> 2) + STATE] = DEAD;
  }

  keyAt(place: number): Key {
    const { bytes, words } = this.#segmentOf(place);
    const offset = offsetOf(place);
    const start = offset + RECORD_BYTES;
    return bytes.toString("latin1", start, start + words[(offset >>> 2) + KEY_LENGTH]!);
  }

  /** Whether the key at a place is the bytes in `[from, to)`. */
  isAt(place: number, key: Uint8Array, from: number, to: number): boolean {
    const { bytes, words } = this.#segmentOf(place);
    const offset = offsetOf(place);
    const length = to - from;
    if (words[(offset >>> 2) + KEY_LENGTH] !== length) return false;
    const start = offset + RECORD_BYTES;
    const rest = length & ~3;
    for (let i = 0; i < rest; i += 4) {
      if (!isSame4(bytes, start + i, key, from + i)) return false;
    }
    for (let i = rest; i < length; i++) if (bytes[start + i] !== key[from + i]) return false;
    return true;
  }

  /** Makes this the spot at a place. */
  look(place: number): Spot {
    this.#seen = this.#segmentOf(place);
    this.#offset = offsetOf(place);
    return this;
  }

  get validFrom(): Millis {
    return this.#seen!.doubles[this.#offset >>> 3]!;
  }

  get freshUntil(): Millis {
    return this.#seen!.doubles[(this.#offset >>> 3) + 1]!;
  }

  get refreshAt(): Millis {
    return this.#seen!.doubles[(this.#offset >>> 3) + 2]!;
  }

  get expiresAt(): Millis {
    return this.#seen!.doubles[(this.#offset >>> 3) + 3]!;
  }

  get epoch(): number {
    return this.#seen!.words[(this.#offset >>> 2) + EPOCH]!;
  }

  get generation(): number {
    return this.#seen!.words[(this.#offset >>> 2) + GENERATION]!;
  }

  take(): Value {
    const { words } = this.#seen!;
    const word = this.#offset >>> 2;
    if (words[word + STATE] === COLD) words[word + STATE] = READ;
    return this.value();
  }

  /** The value at the spot, without any effect. */
  value(): Value {
    const { buffer, words } = this.#seen!;
    const word = this.#offset >>> 2;
    const start = this.#offset + RECORD_BYTES + words[word + KEY_LENGTH]!;
    return new Uint8Array(buffer, start, words[word + VALUE_LENGTH]!);
  }

  #segmentOf(place: number): Segment {
    return this.#segments[place >>> OFFSET_BITS]!;
  }

  #reserve(size: number): number {
    const number = this.#ages.at(-1)!;
    const segment = this.#segments[number]!;
    const place = number << OFFSET_BITS | segment.end >>> 3;
    segment.end += size;
    return place;
  }
}

/** The size of a record, a multiple of 8 bytes. */
export function sizeOf(keyLength: number, valueLength: number): number {
  return (RECORD_BYTES + keyLength + valueLength + 7) & ~7;
}

/** Four bytes with one branch: a tenth less for a hit with a key of 16. */
function isSame4(left: Uint8Array, at: number, right: Uint8Array, from: number): boolean {
  return ((left[at]! ^ right[from]!) | (left[at + 1]! ^ right[from + 1]!) |
    (left[at + 2]! ^ right[from + 2]!) | (left[at + 3]! ^ right[from + 3]!)) === 0;
}

function offsetOf(place: number): number {
  return (place & OFFSET_MASK) << 3;
}

function writeMarks(doubles: Float64Array, words: Int32Array, offset: number, marks: Marks): void {
  const first = offset >>> 3;
  doubles[first] = marks.validFrom;
  doubles[first + 1] = marks.freshUntil;
  doubles[first + 2] = marks.refreshAt;
  doubles[first + 3] = marks.expiresAt;
  words[(offset >>> 2) + EPOCH] = marks.epoch;
  words[(offset >>> 2) + GENERATION] = marks.generation;
}
