/**
 * The bytes that a client has sent and no parser has consumed yet.
 *
 * An idle connection holds a small buffer: 10,000 connections are normal, and 64 KiB each would be
 * 640 MB. The buffer grows while reads fill it. When it is empty, it shrinks, but no further than
 * the client's recent batches allow: growing again for each batch would cost a third of the
 * throughput.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** The factor by which the buffer grows when a read fills it. */
const GROWTH = 8;

/** Size of the buffer of an idle connection, in bytes: room for a GET or two. */
const IDLE_BYTES = 128;

/** Size of the buffer of a connection with small batches, in bytes. */
const SMALL_BYTES = GROWTH * IDLE_BYTES;

/** Size of the buffer of a connection with larger batches, in bytes. */
const STEADY_BYTES = GROWTH * SMALL_BYTES;

/** The largest size that the buffer gets for throughput alone, in bytes. */
const BUSY_BYTES = GROWTH * STEADY_BYTES;

/** The received bytes of one client. */
export class Input {
  /** The buffer; the unread bytes are those in `[start, end)`. */
  bytes: Buffer = Buffer.allocUnsafeSlow(IDLE_BYTES);
  /** Where the unread bytes start. A parser moves it past what it has consumed. */
  start = 0;
  /** Where the unread bytes end. */
  end = 0;
  /** Bytes received since the buffer was last empty. */
  #batch = 0;
  /** The largest recent batch, up to a small one; it decays with each later batch. */
  #recent = 0;

  /** The number of unread bytes. */
  get length(): number {
    return this.end - this.start;
  }

  /**
   * The free room after the unread bytes, never empty. Moves the unread bytes: positions that
   * outlive this call must be relative to `start`.
   */
  room(): Uint8Array {
    if (this.start === this.end) {
      this.start = this.end = 0;
    } else if (this.start > 0 && this.end === this.bytes.length) {
      this.bytes.copyWithin(0, this.start, this.end);
      this.end -= this.start;
      this.start = 0;
    }
    if (this.end === this.bytes.length) this.#resize(this.bytes.length * 2);
    return this.end === 0 ? this.bytes : this.bytes.subarray(this.end);
  }

  /** Records `count` bytes that were read into the room; returns whether they filled it. */
  received(count: number): boolean {
    this.end += count;
    this.#batch += count;
    if (this.end < this.bytes.length) return false;
    // A read that fills the buffer means that more is waiting: read more at a time from now on.
    if (this.bytes.length < BUSY_BYTES) this.#resize(this.bytes.length * GROWTH);
    return true;
  }

  /** If the buffer is empty, frees what the next batch will probably not need. */
  relax(): void {
    if (this.start !== this.end) return;
    const small = Math.min(this.#batch, SMALL_BYTES);
    this.#recent = Math.max(small, this.#recent - (this.#recent >> 3));
    const size = this.#enough();
    this.#batch = 0;
    if (this.bytes.length <= size) return;
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.start = this.end = 0;
  }

  /** The size that the next batch will probably not exceed. */
  #enough(): number {
    // A batch that filled the buffer is not over: heavy senders would get a new buffer each time.
    if (this.end === this.bytes.length) return BUSY_BYTES;
    if (this.#batch > SMALL_BYTES) return STEADY_BYTES;
    // The same applies to clients that alternate between single requests and batches.
    return this.#recent > IDLE_BYTES ? SMALL_BYTES : IDLE_BYTES;
  }

  /** The bytes in `[from, to)` as a string of code units 0 to 255. */
  latin1(from: number, to: number): string {
    return this.bytes.toString("latin1", from, to);
  }

  #resize(size: number): void {
    const bytes = Buffer.allocUnsafeSlow(size);
    this.bytes.copy(bytes, 0, this.start, this.end);
    this.bytes = bytes;
    this.end -= this.start;
    this.start = 0;
  }
}
