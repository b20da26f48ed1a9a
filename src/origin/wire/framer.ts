/**
 * Finds the end of each reply in the bytes of Redis, in RESP2 and RESP3, without decoding it. It counts
 * the missing frames, so it needs no tree, and keeps its place between two pieces of input, so it reads
 * no byte twice.
 *
 * Source: https://github.com/redis/redis-specifications/blob/master/protocol/RESP3.md. It refuses
 * streamed strings and aggregates, because no command of Redis sends one.
 *
 * @module
 */

/** The result for an incomplete reply. */
export const MORE = -1;

/** The result for bytes that are not RESP. `Framer.fault` says why. */
export const BROKEN = -2;

const CR = 0x0d;
const LF = 0x0a;
const MINUS = 0x2d;
const ZERO = 0x30;

/** The kind of frame for each type byte; 0 for none. */
const KINDS = new Uint8Array(256);
const LINE = 1;
const BULK = 2;
const AGGREGATE = 3;
const MAP = 4;
const ATTRIBUTE = 5;
const PUSH = 6;
const TYPES: [string, number][] = [
  ["+-:,#_(", LINE],
  ["$=!", BULK],
  ["*~", AGGREGATE],
  ["%", MAP],
  ["|", ATTRIBUTE],
  [">", PUSH],
];
for (const [types, kind] of TYPES) {
  for (const type of types) KINDS[type.charCodeAt(0)] = kind;
}

/** The most digits of a length or a count. A longer number may not be exact. */
const DIGITS_MAX = 15;

export class Framer {
  /** Whether the current or last reply is a push. */
  isPush = false;
  /** The fault in broken bytes. */
  fault = "";
  /** Whether an array ends after its header, so that its elements come as replies of their own. */
  opensArrays = false;
  /** The missing frames of the reply; 0 between two replies. */
  #left = 0;
  /** Whether an array, a set or a map has begun. No push may begin inside. */
  #isInside = false;
  /** The missing bytes of a bulk string, including its CRLF. */
  #skip = 0;
  /** The kind of the incomplete header line; 0 for none. */
  #kind = 0;
  /** The state of that line: its number, its digits, its sign, its last byte. */
  #number = 0;
  #digits = 0;
  #isNegative = false;
  #last = 0;

  /** Whether the next byte begins a reply. */
  get isAtRest(): boolean {
    return this.#left === 0;
  }

  /** The known number of missing bytes of the reply. */
  get awaited(): number {
    return this.#skip;
  }

  /**
   * Reads the bytes `[at, end)`, which follow the last ones. Returns where the reply ends and the next
   * one begins, or `MORE`, or `BROKEN`.
   */
  scan(bytes: Uint8Array, at: number, end: number): number {
    if (at === end) return MORE;
    if (this.#left === 0) {
      this.#left = 1;
      this.#isInside = this.isPush = false;
    }
    do {
      at = this.#skip > 0 ? this.#pass(bytes, at, end) : this.#read(bytes, at, end);
    } while (this.#left > 0 && at >= 0 && at < end);
    return this.#left > 0 && at >= 0 ? MORE : at;
  }

  /** Skips a bulk string, as far as it has come. */
  #pass(bytes: Uint8Array, at: number, end: number): number {
    const step = Math.min(this.#skip, end - at);
    at += step;
    this.#skip -= step;
    if (this.#skip > 1) return at;
    // The first of its two last bytes may have come with the piece before.
    const isEnded = this.#skip === 1
      ? bytes[at - 1] === CR
      : bytes[at - 1] === LF && (step === 1 || bytes[at - 2] === CR);
    if (!isEnded) return this.#break("a bulk string is not as long as it says");
    if (this.#skip === 0) this.#left--;
    return at;
  }

  /** Reads a header line, as far as it has come. */
  #read(bytes: Uint8Array, at: number, end: number): number {
    if (this.#kind === 0) {
      const type = bytes[at++]!;
      this.#kind = KINDS[type]!;
      if (this.#kind === 0) return this.#break(`a reply begins with the byte ${type}`);
      this.#number = this.#digits = this.#last = 0;
      this.#isNegative = false;
    }
    return this.#kind === LINE ? this.#readLine(bytes, at, end) : this.#readCount(bytes, at, end);
  }

  #readLine(bytes: Uint8Array, at: number, end: number): number {
    let last = this.#last;
    while (at < end) {
      const byte = bytes[at++]!;
      if (byte === LF && last === CR) {
        this.#kind = 0;
        this.#left--;
        return at;
      }
      last = byte;
    }
    this.#last = last;
    return at;
  }

  #readCount(bytes: Uint8Array, at: number, end: number): number {
    while (at < end) {
      const byte = bytes[at++]!;
      const digit = byte - ZERO;
      if (digit >= 0 && digit <= 9 && this.#last !== CR && this.#digits < DIGITS_MAX) {
        this.#number = this.#number * 10 + digit;
        this.#digits++;
      } else if (byte === LF && this.#last === CR) {
        return this.#take(at);
      } else if (byte === MINUS && this.#last === 0) {
        this.#isNegative = true;
      } else if (byte !== CR || this.#last === CR || this.#digits === 0) {
        return this.#break("a length is no number");
      }
      this.#last = byte;
    }
    return at;
  }

  /** Adds a length or a count to what is missing. */
  #take(at: number): number {
    const kind = this.#kind;
    const number = this.#number;
    this.#kind = 0;
    if (this.#isNegative) {
      if (number !== 1 || kind > AGGREGATE) return this.#break("a length is negative");
      this.#left--;
    } else if (kind === BULK) {
      this.#skip = number + 2;
    } else if (kind === ATTRIBUTE) {
      this.#left += 2 * number; // The described value follows.
    } else {
      if (kind === PUSH) {
        if (this.#isInside || this.#left > 1) return this.#break("a push comes inside a reply");
        this.isPush = true;
      }
      const isOpened = this.opensArrays && kind === AGGREGATE && !this.#isInside &&
        this.#left === 1;
      this.#isInside = true;
      this.#left += isOpened ? -1 : (kind === MAP ? 2 * number : number) - 1;
    }
    return at;
  }

  #break(fault: string): number {
    this.fault = fault;
    return BROKEN;
  }
}
