/**
 * Range requests: one range of bytes. Source: RFC 9110 section 14.
 *
 * @module
 */
import { boundsOf, type ByteWindow, NO_BYTES } from "../core/byte_window.ts";

/** Bytes `[from, to)` of a value. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

const SINGLE_RANGE = /^bytes=[ \t]*(?:(\d+)-(\d*)|-(\d+))[ \t]*$/i;

/**
 * Returns the window that a field asks for, or null if the field is ignored: it is malformed, in
 * another unit, or asks for several ranges, which a server may answer with the whole value (section
 * 14.2).
 */
export function windowOf(range: string): ByteWindow | null {
  const parts = SINGLE_RANGE.exec(range);
  if (parts === null) return null;
  const [, first, last, suffix] = parts;
  if (suffix !== undefined) {
    const length = positionOf(suffix);
    return length === 0 ? NO_BYTES : { first: -length, last: -1 };
  }
  if (last === "") return { first: positionOf(first!), last: -1 };
  const window = { first: positionOf(first!), last: positionOf(last!) };
  return window.last < window.first ? null : window;
}

/**
 * Returns the range of a value of `length` bytes, "unsatisfiable" if the value has none of it, or
 * null if the field is ignored.
 */
export function rangeOf(range: string, length: number): ByteRange | "unsatisfiable" | null {
  const window = windowOf(range);
  if (window === null) return null;
  // The last bytes of an empty value exist, but Content-Range cannot express them (section 14.4).
  if (length === 0 && window.first < 0) return null;
  const { from, to } = boundsOf(window, length);
  return to > from ? { from, to } : "unsatisfiable";
}

function positionOf(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}
