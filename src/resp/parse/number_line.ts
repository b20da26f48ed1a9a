/**
 * Reads the numbers in `*<count>` and `$<length>` lines, in any fragmentation. Only the few digits
 * of a number that arrives in pieces are read twice.
 *
 * @module
 */
import type { Input } from "../../server/input.ts";

const CR = 0x0d;
const MINUS = 0x2d;
const ZERO = 0x30;

/** The result for a line without its end: more bytes are needed. */
export const INCOMPLETE = Infinity;
/** The result for a line above the limit. */
export const TOO_LONG = -Infinity;

/**
 * Redis judges the length of a line while its end is missing, after each read of so many bytes. So
 * the last read may take a line above the limit.
 */
export const LAST_READ = 16 * 1024;

export class NumberLine {
  /** The length of the last line, including CRLF, in bytes. */
  length = 0;
  /** Bytes that were searched for the end of the line. */
  #searched = 0;

  /** @param limit The longest line, in bytes. */
  constructor(readonly limit: number) {}

  /** Whether the next byte begins a line. */
  get isAtStart(): boolean {
    return this.#searched === 0;
  }

  /**
   * Reads a decimal integer and CRLF.
   *
   * @param first The position of its first digit.
   * @returns The integer, INCOMPLETE, TOO_LONG, or NaN if Redis would not accept it.
   */
  read({ bytes, end }: Input, first: number): number {
    let at = first;
    let value = 0;
    for (; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const digits = at - first;
    const canonical = digits === 1 || (digits > 1 && digits < 16 && bytes[first] !== ZERO);
    if (!canonical || bytes[at] !== CR || at + 1 >= end) return this.#readOdd(bytes, first, end);
    this.length = digits + 2;
    this.#searched = 0;
    return value;
  }

  /** The rest of `read`: negative, incomplete and malformed numbers. */
  #readOdd(bytes: Input["bytes"], first: number, end: number): number {
    const cr = bytes.subarray(first + this.#searched, end).indexOf(CR);
    const length = cr < 0 ? end - first : this.#searched + cr;
    this.#searched = length;
    if (length >= (cr < 0 ? this.limit : this.limit + LAST_READ)) return TOO_LONG;
    if (cr < 0 || first + length + 1 >= end) return INCOMPLETE;
    this.#searched = 0;
    this.length = length + 2;
    return integerAt(bytes, first, first + length);
  }
}

/** The integer in `[from, to)`: no plus, no leading zero, at most 18 digits; else NaN. */
function integerAt(bytes: Uint8Array, from: number, to: number): number {
  const isNegative = bytes[from] === MINUS;
  const first = isNegative ? from + 1 : from;
  const digits = to - first;
  if (digits < 1 || digits > 18) return NaN;
  if (bytes[first] === ZERO) return digits === 1 && !isNegative ? 0 : NaN;
  let value = 0;
  for (let at = first; at < to; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return isNegative ? -value : value;
}
