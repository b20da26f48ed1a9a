/**
 * RESP requests: bytes to arguments. Takes arrays of bulk strings and inline commands, in any
 * fragmentation, and never looks at a byte twice: what was understood of an incomplete request is
 * kept as positions relative to its first byte.
 *
 * Source: Redis serialization protocol specification, "Sending commands to a Redis server", and
 * the limits and wording of `processInputBuffer` in redis-server.
 *
 * @module
 */
import type { Input } from "../input.ts";
import { splitInline } from "./inline.ts";

/** Bounds on what a client may send, in the units of the names. */
export interface RespLimits {
  /** Length of one argument, in bytes. */
  readonly bulkBytes: number;
  /** Arguments in one request. */
  readonly argumentCount: number;
  /** Length of an inline command, and of a count or length line, in bytes. */
  readonly inlineBytes: number;
}

/** What redis-server allows, but for arguments: no key of a cache is near 512 MB. */
export const RESP_LIMITS: RespLimits = {
  bulkBytes: 64 * 1024 * 1024,
  argumentCount: 1024 * 1024,
  inlineBytes: 64 * 1024,
};

const CR = 0x0d;
const LF = 0x0a;
const ASTERISK = 0x2a;
const DOLLAR = 0x24;
const ZERO = 0x30;

/** No such length: the header of the next bulk string is still to come. */
const NO_LENGTH = -1;

/** More bytes are needed. */
const MORE = 0;
/** Something was read that is no request yet, or never gets a reply. */
const NOTHING = 1;
/** A request is complete, or never will be and `error` says why. */
const REQUEST = 2;
type Step = typeof MORE | typeof NOTHING | typeof REQUEST;

export class RespParser {
  /** The number of arguments of the request that `next` found. */
  count = 0;
  /** The protocol error that `next` found, in the words of Redis without the code. */
  error: string | null = null;

  /** Positions of the arguments: `[start0, end0, start1, ...]`, relative to the request. */
  #bounds: number[] = [];
  /** Arguments of an inline command, which are not slices of the input when they have quotes. */
  #inline: string[] | null = null;
  #input!: Input;
  /** The request's first byte, once it is complete. */
  #base = 0;
  /** Where to go on reading, relative to the request's first byte. */
  #scanned = 0;
  /** Arguments still to come; 0 before the header of an array was read. */
  #missing = 0;
  #length = NO_LENGTH;

  constructor(readonly limits: RespLimits = RESP_LIMITS) {}

  /**
   * Takes the next request off the input. Returns false when more bytes are needed; after true,
   * either `error` says why nothing more can be understood, or `count`, `isGet` and `string`
   * describe the request until the next call.
   */
  next(input: Input): boolean {
    this.#input = input;
    this.#inline = null;
    while (this.#missing === 0) {
      if (input.start === input.end) return false;
      const isArray = input.bytes[input.start] === ASTERISK;
      const step = isArray ? this.#nextHeader() : this.#nextInline();
      if (step === MORE) return false;
      if (step === REQUEST) return true;
    }
    return this.#nextBulks();
  }

  /** Argument `index` as code units 0 to 255. */
  string(index: number): string {
    if (this.#inline !== null) return this.#inline[index]!;
    const bounds = this.#bounds;
    return this.#input.latin1(
      this.#base + bounds[2 * index]!,
      this.#base + bounds[2 * index + 1]!,
    );
  }

  /** Whether the request is `GET` and one key: asked of every request, so without a string. */
  get isGet(): boolean {
    if (this.count !== 2 || this.#inline !== null) return false;
    const start = this.#bounds[0]!;
    if (this.#bounds[1]! - start !== 3) return false;
    const at = this.#base + start;
    const { bytes } = this.#input;
    return (bytes[at]! | 0x20) === 0x67 && (bytes[at + 1]! | 0x20) === 0x65 &&
      (bytes[at + 2]! | 0x20) === 0x74;
  }

  /** Reads the `*<count>` line. An array of no or of "minus" arguments is no request. */
  #nextHeader(): Step {
    const count = this.#nextNumber("too big mbulk count string");
    if (count === undefined) return this.error === null ? MORE : REQUEST;
    if (!(count <= this.limits.argumentCount)) return this.#fail("invalid multibulk length");
    if (count <= 0) {
      this.#consume(this.#scanned);
    } else {
      this.#missing = count;
      this.#bounds.length = 0;
      this.count = 0;
    }
    return NOTHING;
  }

  #nextBulks(): boolean {
    const input = this.#input;
    const { bytes, start, end } = input;
    while (this.#missing > 0) {
      if (this.#length === NO_LENGTH) {
        if (start + this.#scanned >= end) return false;
        const type = bytes[start + this.#scanned]!;
        if (type !== DOLLAR) {
          this.#fail(`expected '$', got '${String.fromCharCode(type)}'`);
          return true;
        }
        const length = this.#nextNumber("too big bulk count string");
        if (length === undefined) return this.error !== null;
        if (!(length >= 0 && length <= this.limits.bulkBytes)) {
          this.#fail("invalid bulk length");
          return true;
        }
        this.#length = length;
      }
      // Redis takes the two bytes behind a bulk string for CRLF without looking at them.
      if (end - start - this.#scanned < this.#length + 2) return false;
      this.#bounds.push(this.#scanned, this.#scanned + this.#length);
      this.#scanned += this.#length + 2;
      this.#length = NO_LENGTH;
      this.#missing--;
      this.count++;
    }
    this.#base = start;
    this.#consume(this.#scanned);
    return true;
  }

  /**
   * Reads a type byte, a decimal integer and CRLF at the place where reading goes on. Returns
   * undefined when more bytes are needed or the line is too long (then `error` says so), and NaN
   * for what Redis does not take for an integer.
   */
  #nextNumber(tooLong: string): number | undefined {
    const { bytes, start, end } = this.#input;
    const first = start + this.#scanned + 1;
    let at = first;
    let value = 0;
    for (; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const digits = at - first;
    const canonical = digits === 1 || (digits > 1 && digits < 16 && bytes[first] !== ZERO);
    if (!canonical || bytes[at] !== CR || at + 1 >= end) return this.#nextOddNumber(first, tooLong);
    this.#scanned = at + 2 - start;
    return value;
  }

  /** The rest of `#nextNumber`: negative, incomplete and wrong ones. */
  #nextOddNumber(first: number, tooLong: string): number | undefined {
    const { bytes, start, end } = this.#input;
    const length = bytes.subarray(first, end).indexOf(CR);
    if (length < 0 && end - first >= this.limits.inlineBytes) this.#fail(tooLong);
    if (length < 0 || first + length + 1 >= end) return undefined;
    const text = this.#input.latin1(first, first + length);
    this.#scanned = first + length + 2 - start;
    return /^(0|-?[1-9]\d{0,17})$/.test(text) ? Number(text) : NaN;
  }

  #nextInline(): Step {
    const { bytes, start, end } = this.#input;
    const lf = bytes.subarray(start + this.#scanned, end).indexOf(LF);
    const length = lf < 0 ? end - start : this.#scanned + lf;
    if (length > this.limits.inlineBytes) return this.#fail("too big inline request");
    if (lf < 0) {
      this.#scanned = length;
      return MORE;
    }
    const stop = start + length;
    const line = this.#input.latin1(start, bytes[stop - 1] === CR ? stop - 1 : stop);
    this.#consume(length + 1);
    const words = splitInline(line);
    if (words === null) return this.#fail("unbalanced quotes in request");
    if (words.length === 0) return NOTHING;
    this.#inline = words;
    this.count = words.length;
    return REQUEST;
  }

  #consume(bytes: number): void {
    this.#input.start += bytes;
    this.#scanned = 0;
  }

  #fail(error: string): Step {
    this.error = error;
    return REQUEST;
  }
}
