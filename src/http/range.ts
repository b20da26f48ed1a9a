/**
 * Range requests: one range of bytes. Source: RFC 9110 section 14.
 *
 * @module
 */

/** Bytes `[from, to)` of a value. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

const SINGLE_RANGE = /^bytes=[ \t]*(?:(\d+)-(\d*)|-(\d+))[ \t]*$/i;

/**
 * Returns the range of a value of `length` bytes, "unsatisfiable" if the value has none of it, or
 * null if the field is ignored: it is malformed, in another unit, or asks for several ranges, which
 * a server may answer with the whole value (section 14.2).
 */
export function rangeOf(range: string, length: number): ByteRange | "unsatisfiable" | null {
  const parts = SINGLE_RANGE.exec(range);
  if (parts === null) return null;
  const [, first, last, suffix] = parts;
  if (suffix !== undefined) {
    if (Number(suffix) === 0) return "unsatisfiable";
    // The last bytes of an empty value exist, but Content-Range cannot express them (section 14.4).
    return length === 0 ? null : { from: Math.max(0, length - Number(suffix)), to: length };
  }
  const from = Number(first);
  const to = last === "" ? Infinity : Number(last) + 1;
  if (to <= from) return null;
  return from >= length ? "unsatisfiable" : { from, to: Math.min(to, length) };
}
