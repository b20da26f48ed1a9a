/**
 * Copies of small pieces of bytes, cut from common memory. `Buffer.from` makes three objects for a
 * copy, which cost more than the copying itself when hundreds of thousands are made each second.
 *
 * @module
 */

/** Size of the common memory, in bytes. A piece that is kept holds so much. */
const SLAB_BYTES = 8 * 1024;

/** From this size on, a copy has memory of its own, in bytes. */
const LARGE_BYTES = 2 * 1024;

/** Up to this size, copying byte by byte is faster than a view and a call. */
const LOOP_BYTES = 48;

let slab = new Uint8Array(SLAB_BYTES);
let used = 0;

/** Returns a copy of the bytes in `[from, to)`. */
export function copyOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const length = to - from;
  if (length >= LARGE_BYTES) return new Uint8Array(viewOf(bytes, from, length));
  const at = roomFor(length);
  copyTo(slab, at, bytes, from, length);
  return new Uint8Array(slab.buffer, at, length);
}

/** Returns the bytes of several pieces in one, given their length together. */
export function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const isLarge = length >= LARGE_BYTES;
  const begin = isLarge ? 0 : roomFor(length);
  const to = isLarge ? new Uint8Array(length) : slab;
  let at = begin;
  for (const piece of pieces) {
    copyTo(to, at, piece, 0, piece.length);
    at += piece.length;
  }
  return isLarge ? to : new Uint8Array(slab.buffer, begin, length);
}

/** Makes room for a piece in the common memory, and returns where. */
function roomFor(length: number): number {
  if (used + length > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  used += length;
  return used - length;
}

function copyTo(to: Uint8Array, at: number, bytes: Uint8Array, from: number, length: number): void {
  if (length < LOOP_BYTES) {
    for (let index = 0; index < length; index++) to[at + index] = bytes[from + index]!;
  } else {
    to.set(viewOf(bytes, from, length), at);
  }
}

/** A view without the class of the bytes: making a `Buffer` takes several times as long. */
function viewOf({ buffer, byteOffset }: Uint8Array, from: number, length: number): Uint8Array {
  return new Uint8Array(buffer, byteOffset + from, length);
}
