/**
 * The replies of one batch of requests, collected so that one write sends them all.
 *
 * Small pieces are copied into a chunk. A common pool lends the chunk for the batch, so an idle
 * connection holds none. A large value is not copied, but written from where it lies.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { FIRST_CHUNK_BYTES, giveBack, lend } from "./chunks.ts";
import { copy, writeCrlf, writeDecimal } from "./put.ts";

/** From this size on, a piece is written on its own instead of being copied, in bytes. */
const LARGE_BYTES = 32 * 1024;

/** From this size on, a batch is written before more replies are added, in bytes. */
const FULL_BYTES = 256 * 1024;

/** Size of the pieces in which a larger value is written, in bytes. */
const PIECE_BYTES = 1024 * 1024;

/** The writing half of a `Deno.Conn`. */
export interface Sink {
  /** Writes at least one of the bytes, and resolves to the number of written bytes. */
  write(bytes: Uint8Array): Promise<number>;
}

/** The replies to one client that are not written yet. */
export class Output {
  #chunk: Uint8Array | null = null;
  /** Where the part of the chunk starts that is not in `#queue` yet. */
  #start = 0;
  #end = 0;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #lent: Uint8Array[] = [];
  /**
   * The first piece in the queue that was not yet handed out in full, and how many of its bytes
   * were.
   */
  #head = 0;
  #done = 0;
  /** The piece that is being written. */
  #piece: Uint8Array | undefined;
  /** The memory for parts of large values. */
  #copy: Uint8Array | null = null;

  /** The number of unwritten bytes. */
  get length(): number {
    return this.#queuedBytes + this.#end - this.#start;
  }

  /** Whether the batch should be written before more replies are added. */
  get full(): boolean {
    return this.length >= FULL_BYTES;
  }

  /** Appends bytes. They must not change until `flush` is done. */
  bytes(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length >= LARGE_BYTES) return this.#enqueue(bytes);
    copy(bytes, this.#reserve(length), this.#end);
    this.#end += length;
  }

  /** Appends text as bytes. All its code units are below 256. */
  latin1(text: string): void {
    const { length } = text;
    if (length >= LARGE_BYTES) return this.#enqueue(Buffer.from(text, "latin1"));
    const chunk = this.#reserve(length);
    for (let i = 0, end = this.#end; i < length; i++) chunk[end + i] = text.charCodeAt(i);
    this.#end += length;
  }

  /** Appends one byte. */
  byte(byte: number): void {
    const chunk = this.#reserve(1);
    chunk[this.#end++] = byte;
  }

  /** Appends a non-negative integer in decimal digits. */
  decimal(value: number): void {
    if (value > 0x7fffffff) return this.latin1(String(value));
    this.#end = writeDecimal(this.#reserve(10), this.#end, value);
  }

  /** Appends a byte, the number of bytes in decimal digits, CRLF, the bytes, and CRLF. */
  counted(type: number, bytes: Uint8Array): void {
    const { length } = bytes;
    if (length < LARGE_BYTES) {
      // Makes room for everything at once: with a check for each part, a hit takes a tenth longer.
      const chunk = this.#reserve(length + 16);
      chunk[this.#end] = type;
      let end = writeCrlf(chunk, writeDecimal(chunk, this.#end + 1, length));
      copy(bytes, chunk, end);
      end += length;
      this.#end = writeCrlf(chunk, end);
    } else {
      this.byte(type);
      this.decimal(length);
      this.crlf();
      this.#enqueue(bytes);
      this.crlf();
    }
  }

  /** Appends a carriage return and a line feed. */
  crlf(): void {
    this.#end = writeCrlf(this.#reserve(2), this.#end);
  }

  /**
   * The next piece to write, without its written part. Once everything is written, returns
   * `undefined`, and the memory goes back to the pool.
   */
  next(): Uint8Array | undefined {
    this.#piece ??= this.#cut();
    if (this.#piece === undefined) this.clear();
    return this.#piece;
  }

  /** Notes that this many bytes of the piece are written. It may have been abandoned meanwhile. */
  took(count: number): void {
    const piece = this.#piece;
    this.#piece = piece !== undefined && count < piece.length ? piece.subarray(count) : undefined;
  }

  /** Writes all bytes in order, and returns the memory to the pool. */
  async flush(sink: Sink): Promise<void> {
    try {
      for (let piece = this.next(); piece !== undefined; piece = this.next()) {
        this.took(await sink.write(piece));
      }
    } finally {
      this.clear();
    }
  }

  /** Returns all bytes as one new piece of memory, and the old memory to the pool. */
  drain(): Uint8Array {
    const whole = new Uint8Array(this.length);
    let end = 0;
    for (let piece = this.next(); piece !== undefined; piece = this.next()) {
      whole.set(piece, end);
      end += piece.length;
      this.took(piece.length);
    }
    return whole;
  }

  /** The memory that the unwritten pieces hold. Memory counts once for each piece. */
  memory(): ArrayBufferLike[] {
    this.#seal();
    const memory = this.#queue.map((piece) => piece.buffer);
    if (this.#piece !== undefined) memory.push(this.#piece.buffer);
    return memory;
  }

  /** Drops all bytes, while a write that never ends may be in flight. */
  abandon(): void {
    this.#lent.length = 0;
    this.clear();
  }

  /** Drops all bytes. */
  clear(): void {
    const lent = this.#lent;
    for (let i = 0; i < lent.length; i++) giveBack(lent[i]!);
    lent.length = 0;
    this.#chunk = null;
    this.#start = this.#end = this.#queuedBytes = 0;
    this.#piece = undefined;
    if (this.#queue.length === 0) return;
    this.#queue.length = 0;
    this.#head = this.#done = 0;
    this.#copy = null;
  }

  /**
   * Cuts the next piece off. A part of a large value is a copy: a write to a client that reads
   * nothing outlives the connection, and would hold the memory of the whole value.
   */
  #cut(): Uint8Array | undefined {
    if (this.#head === this.#queue.length) return this.#rest();
    const whole = this.#queue[this.#head]!;
    if (whole.buffer.byteLength <= PIECE_BYTES) {
      this.#head++;
      return whole;
    }
    const copy = this.#copy ??= new Uint8Array(PIECE_BYTES);
    const part = whole.subarray(this.#done, this.#done + PIECE_BYTES);
    copy.set(part);
    this.#done += part.length;
    if (this.#done === whole.length) {
      this.#head++;
      this.#done = 0;
    }
    return copy.subarray(0, part.length);
  }

  /** The part of the chunk that is in no piece yet. */
  #rest(): Uint8Array | undefined {
    if (this.#chunk === null || this.#start === this.#end) return undefined;
    const rest = this.#chunk.subarray(this.#start, this.#end);
    this.#queuedBytes += rest.length;
    this.#start = this.#end;
    return rest;
  }

  #reserve(size: number): Uint8Array {
    const chunk = this.#chunk;
    return chunk !== null && this.#end + size <= chunk.length ? chunk : this.#nextChunk(size);
  }

  /** Takes a chunk with room for this many bytes, and moves the bytes of the first chunk there. */
  #nextChunk(size: number): Uint8Array {
    const last = this.#chunk;
    const chunk = lend(last === null && size <= FIRST_CHUNK_BYTES);
    if (last?.length === FIRST_CHUNK_BYTES) {
      chunk.set(last.subarray(this.#start, this.#end));
      this.#end -= this.#start;
    } else {
      this.#seal();
      this.#end = 0;
    }
    this.#start = 0;
    this.#lent.push(chunk);
    return this.#chunk = chunk;
  }

  #enqueue(piece: Uint8Array): void {
    this.#seal();
    this.#queue.push(piece);
    this.#queuedBytes += piece.length;
  }

  #seal(): void {
    const rest = this.#rest();
    if (rest !== undefined) this.#queue.push(rest);
  }
}
