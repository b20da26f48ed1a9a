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
import type { Buffer } from "node:buffer";
import type { Input } from "../../server/input.ts";
import { InlineLine } from "./inline.ts";
import { RESP_LIMITS, type RespLimits, STRANGER_ARGUMENTS, STRANGER_BULK_BYTES } from "./limits.ts";
import { INCOMPLETE, NumberLine, TOO_LONG } from "./number_line.ts";

const ASTERISK = 0x2a;
const DOLLAR = 0x24;

/** No such length: the header of the next bulk string is still to come. */
const NO_LENGTH = -1;

/** Positions that are kept from one request to the next, so that most need no new array. */
const KEPT_BOUNDS = 1024;

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
  readonly #number: NumberLine;
  readonly #line: InlineLine;
  /** Whether the present request is thrown away as it comes. */
  #isDiscarding = false;
  /** Bytes of the present argument that are still to be thrown away. */
  #waste = 0;

  /** @param isTrusted Whether the client has authenticated, or need not. */
  constructor(readonly limits: RespLimits = RESP_LIMITS, public isTrusted = true) {
    this.#number = new NumberLine(limits.inlineBytes);
    this.#line = new InlineLine(limits.inlineBytes);
  }

  /**
   * Takes the next request off the input. Returns false when more bytes are needed; after true,
   * either `error` says why nothing more can be understood, or `count` and `string`
   * describe the request until the next call.
   */
  next(input: Input): boolean {
    this.#input = input;
    this.#inline = null;
    if (this.#isDiscarding) return this.#discardBulks();
    while (this.#missing === 0) {
      if (input.start === input.end) return false;
      const step = input.bytes[input.start] === ASTERISK ? this.#nextHeader() : this.#nextInline();
      if (step === MORE) return false;
      if (step === REQUEST) return true;
    }
    return this.#nextBulks();
  }

  /** Whether the next byte is the first of a request, and nothing is known of it yet. */
  get isAtStart(): boolean {
    return this.#missing === 0 && this.#scanned === 0 && this.#number.isAtStart &&
      this.#line.isAtStart && !this.#isDiscarding;
  }

  /** The length that an incomplete request is known to have, in bytes. */
  get wanted(): number {
    return this.#scanned + Math.max(0, this.#length);
  }

  /**
   * Makes the arguments of an incomplete request readable, the last one as far as it has come, and
   * returns their number.
   */
  peek(): number {
    if (this.#missing === 0) return 0;
    this.#base = this.#input.start;
    if (this.#length === NO_LENGTH) return this.count;
    this.#bounds[2 * this.count] = this.#scanned;
    this.#bounds[2 * this.count + 1] = Math.min(this.wanted, this.#input.length);
    return this.count + 1;
  }

  /**
   * Throws the incomplete request away, what is there and what will come: it is kept no longer, but
   * `next` still tells when it is over. It then has no arguments.
   */
  discard(): void {
    this.#isDiscarding = true;
    this.count = 0;
    if (this.#length !== NO_LENGTH) {
      this.#waste = this.#length + 2;
      this.#length = NO_LENGTH;
      this.#missing--;
    }
    this.#consume(this.#scanned);
  }

  /** Argument `index` as code units 0 to 255. */
  string(index: number): string {
    if (this.#inline !== null) return this.#inline[index]!;
    const base = this.#base;
    const bounds = this.#bounds;
    return this.#input.latin1(base + bounds[2 * index]!, base + bounds[2 * index + 1]!);
  }

  /** The bytes in which the arguments stand; null for an inline command. */
  get bytes(): Buffer | null {
    return this.#inline === null ? this.#input.bytes : null;
  }

  /** Where the bytes of argument `index` start. */
  from(index: number): number {
    return this.#base + this.#bounds[2 * index]!;
  }

  /** Where they end. */
  to(index: number): number {
    return this.#base + this.#bounds[2 * index + 1]!;
  }

  /** Reads the `*<count>` line. An array of no or of "minus" arguments is no request. */
  #nextHeader(): Step {
    const count = this.#nextNumber();
    if (count === INCOMPLETE) return MORE;
    if (count === TOO_LONG) return this.#fail("too big mbulk count string");
    if (!(count <= this.limits.argumentCount)) return this.#fail("invalid multibulk length");
    if (count > STRANGER_ARGUMENTS && !this.isTrusted) {
      return this.#fail("unauthenticated multibulk length");
    }
    if (count <= 0) {
      this.#consume(this.#scanned);
    } else {
      this.#missing = count;
      this.count = 0;
      if (this.#bounds.length > KEPT_BOUNDS) this.#bounds = [];
    }
    return NOTHING;
  }

  #nextBulks(): boolean {
    const input = this.#input;
    const { start, end } = input;
    while (this.#missing > 0) {
      if (this.#length === NO_LENGTH) {
        const step = this.#nextLength();
        if (step !== NOTHING) return step === REQUEST;
      }
      // Redis takes the two bytes behind a bulk string for CRLF without looking at them.
      if (end - start - this.#scanned < this.#length + 2) return false;
      const at = 2 * this.count++;
      this.#bounds[at] = this.#scanned;
      this.#bounds[at + 1] = this.#scanned + this.#length;
      this.#scanned += this.#length + 2;
      this.#length = NO_LENGTH;
      this.#missing--;
    }
    this.#base = start;
    this.#consume(this.#scanned);
    return true;
  }

  /** Reads the `$<length>` line of the next bulk string. */
  #nextLength(): Step {
    const { bytes, start, end } = this.#input;
    if (start + this.#scanned >= end) return MORE;
    const type = bytes[start + this.#scanned]!;
    if (type !== DOLLAR) return this.#fail(`expected '$', got '${String.fromCharCode(type)}'`);
    const length = this.#nextNumber();
    if (length === INCOMPLETE) return MORE;
    if (length === TOO_LONG) return this.#fail("too big bulk count string");
    if (!(length >= 0 && length <= this.limits.bulkBytes)) return this.#fail("invalid bulk length");
    if (length > STRANGER_BULK_BYTES && !this.isTrusted) {
      return this.#fail("unauthenticated bulk length");
    }
    this.#length = length;
    return NOTHING;
  }

  #discardBulks(): boolean {
    const input = this.#input;
    for (;;) {
      const wasted = Math.min(this.#waste, input.length);
      input.start += wasted;
      this.#waste -= wasted;
      if (this.#waste > 0) return false;
      if (this.#missing === 0) break;
      const step = this.#nextLength();
      if (step !== NOTHING) return step === REQUEST;
      this.#consume(this.#scanned);
      this.#waste = this.#length + 2;
      this.#length = NO_LENGTH;
      this.#missing--;
    }
    this.#isDiscarding = false;
    return true;
  }

  /** Reads a type byte and a number at the place where reading goes on. */
  #nextNumber(): number {
    const input = this.#input;
    const number = this.#number.read(input, input.start + this.#scanned + 1);
    if (number !== INCOMPLETE && number !== TOO_LONG) this.#scanned += 1 + this.#number.length;
    return number;
  }

  #nextInline(): Step {
    const words = this.#line.read(this.#input);
    if (words === INCOMPLETE) return MORE;
    if (typeof words === "number") return this.#fail("too big inline request");
    if (words === null) return this.#fail("unbalanced quotes in request");
    this.#consume(this.#line.length);
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
    this.count = 0;
    return REQUEST;
  }
}
