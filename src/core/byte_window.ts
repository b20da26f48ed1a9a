/**
 * Windows of values: the bytes that a request wants before the length of the value is known.
 *
 * @module
 */

/**
 * The bytes from `first` to `last`, both included. Negative positions count from the end, as in
 * Redis's GETRANGE.
 */
export interface ByteWindow {
  /** The first byte. */
  readonly first: number;
  /** The last byte. */
  readonly last: number;
}

/** The window of a request that wants no bytes, but the length or existence of the value. */
export const NO_BYTES: ByteWindow = { first: 1, last: 0 };

/** Returns the positions `[from, to)` of a window in a value of this length. */
export function boundsOf(
  { first, last }: ByteWindow,
  length: number,
): { from: number; to: number } {
  const from = Math.min(Math.max(0, first < 0 ? length + first : first), length);
  const end = (last < 0 ? length + last : last) + 1;
  return { from, to: Math.max(from, Math.min(end, length)) };
}

/** Whether two windows are the same; null stands for all bytes. */
export function isSameWindow(one: ByteWindow | null, other: ByteWindow | null): boolean {
  return one?.first === other?.first && one?.last === other?.last;
}
