/**
 * Segments of records: memory that the garbage collector does not scan. Records are only appended,
 * and segments are dropped as a whole, oldest first. So a returned value never changes while
 * somebody holds it.
 *
 * @module
 */
import type { Value } from "../../core/types.ts";
import type { Marks } from "../entry.ts";
import type { CacheKey } from "../key.ts";
import type { NoteCount } from "./notes.ts";
import { COLD, DEAD, Segment, sizeOf } from "./segment.ts";

/**
 * The bits of a place that hold an offset, in units of 8 bytes. The bits above hold the number of a
 * segment.
 */
const OFFSET_BITS = 15;
const OFFSET_MASK = (1 << OFFSET_BITS) - 1;

/** Size of the largest segment, in bytes. */
export const SEGMENT_BYTES = 8 << OFFSET_BITS;

/** The most bytes of all segments, so that each place is a number of 32 bits. */
export const SEGMENTS_BYTES = (2 ** 16 - 4) * SEGMENT_BYTES;

/** The cost of a note, in bytes. */
const NOTE_BYTES = 150;

export class Segments {
  /** Segments by number. A dropped one leaves a hole for the next. */
  readonly #segments: (Segment | undefined)[] = [];
  readonly #holes: number[] = [];
  readonly #noteCount: NoteCount = { count: 0 };
  /** Numbers of the segments, oldest first. */
  readonly #ages: number[] = [];
  /** The offset of the oldest record that the clock hand has not passed yet. */
  #hand = 0;

  /** @param size Size of a segment in bytes, a power of two. */
  constructor(readonly size: number) {}

  get count(): number {
    return this.#ages.length;
  }

  /** The memory of all segments, in bytes. */
  get bytes(): number {
    return this.#ages.length * this.size;
  }

  /** The memory of all notes, in bytes. */
  get noteBytes(): number {
    return this.#noteCount.count * NOTE_BYTES;
  }

  segmentAt(place: number): Segment {
    return this.#segments[place >>> OFFSET_BITS]!;
  }

  /** Whether a record fits into the newest segment. */
  hasRoom(size: number): boolean {
    const newest = this.#segments[this.#ages.at(-1) ?? -1];
    return newest !== undefined && newest.end + size <= this.size;
  }

  open(): void {
    const number = this.#holes.pop() ?? this.#segments.length;
    this.#segments[number] = new Segment(this.size, this.#noteCount);
    this.#ages.push(number);
  }

  /** Appends a record and returns its place. There must be room for it. */
  append(key: CacheKey, value: Value, marks: Marks): number {
    const place = this.#reserve(sizeOf(key.text.length, value.length));
    this.segmentAt(place).write(offsetOf(place), key, value, marks);
    return place;
  }

  /** Copies a record to the end, marked as unread, and returns its place there. */
  copy(place: number): number {
    const from = this.segmentAt(place);
    const offset = offsetOf(place);
    const size = from.sizeAt(offset);
    const copied = this.#reserve(size);
    const to = this.segmentAt(copied);
    const start = offsetOf(copied);
    to.bytes.set(from.bytes.subarray(offset, offset + size), start);
    to.setState(start, COLD);
    to.notes.set(start, from.notes.get(offset));
    return copied;
  }

  /** Marks a record as dead. Its bytes stay until their segment is dropped. */
  kill(place: number): void {
    const segment = this.segmentAt(place);
    const offset = offsetOf(place);
    segment.setState(offset, DEAD);
    segment.notes.set(offset, null);
  }

  /** Passes the oldest record that is not passed yet, and returns its place. */
  pass(): number | undefined {
    const number = this.#ages[0]!;
    const segment = this.#segments[number]!;
    if (this.#hand >= segment.end) return undefined;
    const place = number << OFFSET_BITS | this.#hand >>> 3;
    this.#hand += segment.sizeAt(this.#hand);
    return place;
  }

  /** Drops the oldest segment. */
  drop(): void {
    const number = this.#ages.shift()!;
    this.#segments[number]!.notes.drop();
    this.#segments[number] = undefined;
    this.#holes.push(number);
    this.#hand = 0;
  }

  #reserve(size: number): number {
    const number = this.#ages.at(-1)!;
    const segment = this.#segments[number]!;
    const place = number << OFFSET_BITS | segment.end >>> 3;
    segment.end += size;
    return place;
  }
}

/** The offset of a place in its segment, in bytes. */
export function offsetOf(place: number): number {
  return (place & OFFSET_MASK) << 3;
}
