/**
 * A piece of memory full of records, and a view of one record in it.
 *
 * A record is four doubles (the marks that are moments), six integers, the key and the value.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Key, Millis, Value } from "../../core/types.ts";
import type { Entry, Marks } from "../entry.ts";
import type { CacheKey } from "../key.ts";
import { type NoteCount, Notes } from "./notes.ts";

/** The size of a record before its key, in bytes. */
export const RECORD_BYTES = 56;

// Integers, in words of four bytes from the start of the record.
const EPOCH = 8;
const GENERATION = 9;
const KEY_LENGTH = 10;
const VALUE_LENGTH = 11;
const HASH = 12;
const STATE = 13;

/** The states of a record: not read since it was added, read, or dead. */
export const COLD = 0;
export const READ = 1;
export const DEAD = 2;

/** The size of a record in bytes, a multiple of 8. */
export function sizeOf(keyLength: number, valueLength: number): number {
  return (RECORD_BYTES + keyLength + valueLength + 7) & ~7;
}

/** Memory and three views of it. Offsets are those of records, in bytes. */
export class Segment {
  readonly buffer: ArrayBuffer;
  readonly bytes: Buffer;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  /** The bytes from here on are free. */
  end = 0;
  readonly notes: Notes;

  constructor(size: number, noteCount: NoteCount) {
    this.notes = new Notes(noteCount);
    this.buffer = new ArrayBuffer(size);
    this.bytes = Buffer.from(this.buffer);
    this.words = new Int32Array(this.buffer);
    this.doubles = new Float64Array(this.buffer);
  }

  write(offset: number, { text, hash }: CacheKey, value: Value, marks: Marks): void {
    const { bytes, words, doubles } = this;
    const double = offset >>> 3;
    doubles[double] = marks.validFrom;
    doubles[double + 1] = marks.freshUntil;
    doubles[double + 2] = marks.refreshAt;
    doubles[double + 3] = marks.expiresAt;
    const word = offset >>> 2;
    words[word + EPOCH] = marks.epoch;
    words[word + GENERATION] = marks.generation;
    words[word + KEY_LENGTH] = text.length;
    words[word + VALUE_LENGTH] = value.length;
    words[word + HASH] = hash;
    words[word + STATE] = COLD;
    const start = offset + RECORD_BYTES;
    for (let at = 0; at < text.length; at++) bytes[start + at] = text.charCodeAt(at);
    bytes.set(value, start + text.length);
  }

  sizeAt(offset: number): number {
    const word = offset >>> 2;
    return sizeOf(this.words[word + KEY_LENGTH]!, this.words[word + VALUE_LENGTH]!);
  }

  hashAt(offset: number): number {
    return this.words[(offset >>> 2) + HASH]!;
  }

  stateAt(offset: number): number {
    return this.words[(offset >>> 2) + STATE]!;
  }

  setState(offset: number, state: number): void {
    this.words[(offset >>> 2) + STATE] = state;
  }

  keyAt(offset: number): Key {
    const start = offset + RECORD_BYTES;
    const length = this.words[(offset >>> 2) + KEY_LENGTH]!;
    return this.bytes.toString("latin1", start, start + length);
  }

  /** Whether the key of a record begins with these bytes, given as text. */
  hasPrefix(offset: number, prefix: Key): boolean {
    const { bytes, words } = this;
    if (words[(offset >>> 2) + KEY_LENGTH]! < prefix.length) return false;
    const start = offset + RECORD_BYTES;
    for (let at = 0; at < prefix.length; at++) {
      if (bytes[start + at] !== prefix.charCodeAt(at)) return false;
    }
    return true;
  }

  /** The value, as a view of this memory. */
  valueAt(offset: number): Value {
    const word = offset >>> 2;
    const start = offset + RECORD_BYTES + this.words[word + KEY_LENGTH]!;
    return new Uint8Array(this.buffer, start, this.words[word + VALUE_LENGTH]!);
  }

  /** Whether the record's key equals the bytes `[from, to)`. */
  hasBytes(offset: number, key: Uint8Array, from: number, to: number): boolean {
    const { bytes, words } = this;
    const length = to - from;
    if (words[(offset >>> 2) + KEY_LENGTH] !== length) return false;
    const start = offset + RECORD_BYTES;
    const rest = length & ~3;
    for (let at = 0; at < rest; at += 4) {
      if (!isSame4(bytes, start + at, key, from + at)) return false;
    }
    for (let at = rest; at < length; at++) if (bytes[start + at] !== key[from + at]) return false;
    return true;
  }

  /** The same for a key as text. */
  hasText(offset: number, key: Key): boolean {
    const { bytes, words } = this;
    const { length } = key;
    if (words[(offset >>> 2) + KEY_LENGTH] !== length) return false;
    const start = offset + RECORD_BYTES;
    for (let at = 0; at < length; at++) {
      if (bytes[start + at] !== key.charCodeAt(at)) return false;
    }
    return true;
  }
}

/** Compares four bytes with one branch: a hit with a key of 16 bytes takes a tenth less time. */
export function isSame4(left: Uint8Array, at: number, right: Uint8Array, from: number): boolean {
  return ((left[at]! ^ right[from]!) | (left[at + 1]! ^ right[from + 1]!) |
    (left[at + 2]! ^ right[from + 2]!) | (left[at + 3]! ^ right[from + 3]!)) === 0;
}

/** A record as an entry. A store has one view for all records, so that a hit makes no object. */
export class RecordView implements Entry {
  readonly isAbsence = false;
  #segment: Segment | null = null;
  #offset = 0;

  /** Shows another record. */
  show(segment: Segment, offset: number): this {
    this.#segment = segment;
    this.#offset = offset;
    return this;
  }

  keep(): Entry {
    return new RecordView().show(this.#segment!, this.#offset);
  }

  get value(): Value {
    return this.#segment!.valueAt(this.#offset);
  }

  get validFrom(): Millis {
    return this.#segment!.doubles[this.#offset >>> 3]!;
  }

  get freshUntil(): Millis {
    return this.#segment!.doubles[(this.#offset >>> 3) + 1]!;
  }

  get refreshAt(): Millis {
    return this.#segment!.doubles[(this.#offset >>> 3) + 2]!;
  }

  get expiresAt(): Millis {
    return this.#segment!.doubles[(this.#offset >>> 3) + 3]!;
  }

  get epoch(): number {
    return this.#segment!.words[(this.#offset >>> 2) + EPOCH]!;
  }

  get generation(): number {
    return this.#segment!.words[(this.#offset >>> 2) + GENERATION]!;
  }

  get note(): string | null {
    return this.#segment!.notes.get(this.#offset);
  }

  set note(note: string | null) {
    this.#segment!.notes.set(this.#offset, note);
  }
}
