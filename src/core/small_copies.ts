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
  if (used + length > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  const at = used;
  used += length;
  if (length < LOOP_BYTES) {
    for (let index = 0; index < length; index++) slab[at + index] = bytes[from + index]!;
  } else {
    slab.set(viewOf(bytes, from, length), at);
  }
  return new Uint8Array(slab.buffer, at, length);
}

/** A view without the class of the bytes: making a `Buffer` takes several times as long. */
function viewOf({ buffer, byteOffset }: Uint8Array, from: number, length: number): Uint8Array {
  return new Uint8Array(buffer, byteOffset + from, length);
}
