/**
 * The received bytes that are not passed on yet. The memory grows with the bytes that come at once, so
 * that a quiet connection holds little.
 *
 * @module
 */

/** Memory at first, in bytes. */
const MIN_BYTES = 256;

/** The most memory that a reply gets because of its announced length, in bytes. */
const TRUSTED_BYTES = 1024 * 1024;

export class Inbox {
  bytes = new Uint8Array(MIN_BYTES);
  /** The position of the first reply that is not passed on. */
  from = 0;
  /** The position at which the framer continues. */
  seen = 0;
  /** The end of the received bytes. */
  to = 0;
  /** The size of the memory after the inbox is empty. */
  #size = MIN_BYTES;

  /** @param maxBytes The most bytes of one read, unless a reply needs more room. */
  constructor(readonly maxBytes: number) {}

  /** Whether it has no room for another byte. */
  get isFull(): boolean {
    return this.to === this.bytes.length;
  }

  /** Returns the room for the next bytes. */
  room(): Uint8Array {
    if (this.from === this.to) this.#empty();
    return this.to === 0 ? this.bytes : this.bytes.subarray(this.to);
  }

  /** Notes the number of bytes that have come into the room. */
  received(count: number): void {
    this.to += count;
    if (this.isFull) this.#size = Math.min(this.maxBytes, 4 * this.#size);
  }

  /** Forgets how many bytes came at once: little will come. */
  trim(): void {
    this.#size = MIN_BYTES;
  }

  /** Makes room for more of an incomplete reply, given the number of its missing bytes. */
  extend(missing: number): void {
    const length = this.to - this.from;
    const needed = length + Math.max(1, Math.min(missing, TRUSTED_BYTES));
    const old = this.bytes;
    if (needed > old.length) this.bytes = new Uint8Array(Math.max(needed, 2 * length, this.#size));
    if (this.bytes === old) old.copyWithin(0, this.from, this.to);
    else this.bytes.set(old.subarray(this.from, this.to));
    this.from = 0;
    this.seen = this.to = length;
  }

  #empty(): void {
    this.from = this.seen = this.to = 0;
    if (this.bytes.length !== this.#size) this.bytes = new Uint8Array(this.#size);
  }
}
