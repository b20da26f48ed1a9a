/**
 * The unwritten requests, which one write sends together. During that write, the next requests gather
 * in other memory.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** The first memory, and the most memory to keep for the next requests, in bytes. */
const MIN_BYTES = 256;
const MAX_SPARE_BYTES = 256 * 1024;

/** From this length on, text and bytes are not copied one by one. */
const LONG = 24;

/** The same for bytes of which a view must be made first. */
const LONG_RANGE = 48;

const CR = 0x0d;
const LF = 0x0a;
const DOLLAR = 0x24;
const ZERO = 0x30;

export class Outbox {
  #bytes: Uint8Array = new Uint8Array(MIN_BYTES);
  #length = 0;
  #spare: Uint8Array | null = null;

  /** The number of unwritten bytes. */
  get length(): number {
    return this.#length;
  }

  /** Appends bytes unchanged. */
  bytes(bytes: Uint8Array): void {
    const to = this.#room(bytes.length);
    copy(bytes, to, this.#length);
    this.#length += bytes.length;
  }

  /** Appends the bytes `[from, end)` unchanged. */
  range(bytes: Uint8Array, from: number, end: number): void {
    const length = end - from;
    const to = this.#room(length);
    if (length < LONG_RANGE) {
      const at = this.#length - from;
      for (let index = from; index < end; index++) to[at + index] = bytes[index]!;
    } else {
      to.set(new Uint8Array(bytes.buffer, bytes.byteOffset + from, length), this.#length);
    }
    this.#length += length;
  }

  /** Appends a bulk string, given as Latin-1 text. */
  bulk(text: string): void {
    const { length } = text;
    const to = this.#room(length + 16);
    to[this.#length] = DOLLAR;
    let at = writeCrlf(to, writeDecimal(to, this.#length + 1, length));
    if (length < LONG) {
      for (let index = 0; index < length; index++) to[at + index] = text.charCodeAt(index);
    } else {
      Buffer.from(to.buffer).write(text, at, "latin1");
    }
    at += length;
    this.#length = writeCrlf(to, at);
  }

  /** Drops all bytes. */
  clear(): void {
    this.#length = 0;
  }

  /** Takes all bytes. The caller returns the memory with `giveBack`. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = this.#spare ?? new Uint8Array(MIN_BYTES);
    this.#spare = null;
    this.#length = 0;
    return taken;
  }

  /** Takes memory back, to use it again. */
  giveBack(taken: Uint8Array): void {
    const { buffer } = taken;
    if (buffer.byteLength <= MAX_SPARE_BYTES) this.#spare = new Uint8Array(buffer);
  }

  #room(size: number): Uint8Array {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return this.#bytes;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#length));
    return this.#bytes = larger;
  }
}

/** Returns a request: an array of bulk strings, given as Latin-1 text. */
export function requestOf(...words: string[]): Uint8Array {
  const parts = words.map((word) => `$${word.length}\r\n${word}\r\n`);
  return bytesOf(`*${words.length}\r\n${parts.join("")}`);
}

/** Returns text whose code units are bytes as those bytes. */
export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

function copy(bytes: Uint8Array, to: Uint8Array, at: number): void {
  if (bytes.length < LONG) {
    for (let index = 0; index < bytes.length; index++) to[at + index] = bytes[index]!;
  } else {
    to.set(bytes, at);
  }
}

/** Writes a number below 2^31 in decimal digits, and returns where they end. */
function writeDecimal(to: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  const end = at + digits;
  for (let place = end - 1; place >= at; place--) {
    to[place] = ZERO + value % 10;
    value = Math.floor(value / 10);
  }
  return end;
}

function writeCrlf(to: Uint8Array, at: number): number {
  to[at] = CR;
  to[at + 1] = LF;
  return at + 2;
}
