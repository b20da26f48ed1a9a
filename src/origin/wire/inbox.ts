/**
 * The bytes that have come and are in no reply yet that was handed on. The memory grows with what
 * comes at once, so that a connection on which little happens holds little.
 *
 * @module
 */

/** Memory at first, in bytes. */
const MIN_BYTES = 1024;

/** How far memory grows on the word of a reply that says how long it is, in bytes. */
const TRUSTED_BYTES = 1024 * 1024;

export class Inbox {
  bytes = new Uint8Array(MIN_BYTES);
  /** Where the reply begins that is not handed on yet. */
  from = 0;
  /** How far the framer has looked. */
  seen = 0;
  /** Where what has come ends. */
  to = 0;
  /** The memory that the next empty inbox gets. */
  #size = MIN_BYTES;

  /** @param maxBytes What one read may bring at most, where no reply needs more room. */
  constructor(readonly maxBytes: number) {}

  /** Whether there is no room for another byte. */
  get isFull(): boolean {
    return this.to === this.bytes.length;
  }

  /** Room for what comes next. */
  room(): Uint8Array {
    if (this.from === this.to) this.#empty();
    return this.to === 0 ? this.bytes : this.bytes.subarray(this.to);
  }

  /** So many bytes have come into the room. */
  received(count: number): void {
    this.to += count;
    if (this.isFull) this.#size = Math.min(this.maxBytes, 4 * this.#size);
  }

  /** Makes room for more of a reply that was looked at; so many bytes of it are still to come. */
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
