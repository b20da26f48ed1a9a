/**
 * RESP requests: bytes to arguments. Accepts arrays of bulk strings and inline commands, in any
 * fragmentation. No byte is read twice: an incomplete request is kept as positions relative to its
 * first byte.
 *
 * Source: Redis serialization protocol specification, "Sending commands to a Redis server"; the
 * limits and the wording of errors are those of `processInputBuffer` in redis-server.
 *
 * @module
 */
import type { Input } from "../../server/input.ts";
import type { Arguments } from "./arguments.ts";
import { ArgumentCollector } from "./collector.ts";
import { InlineLine } from "./inline.ts";
import { RESP_LIMITS, type RespLimits, STRANGER_ARGUMENTS, STRANGER_BULK_BYTES } from "./limits.ts";
import { INCOMPLETE, NumberLine, TOO_LONG } from "./number_line.ts";

const ASTERISK = 0x2a;
const DOLLAR = 0x24;

/** The header of the next bulk string has not been read. */
const NO_LENGTH = -1;

/** Empty requests that are skipped, and bulk strings that are read, before others have a turn. */
const SKIPS_PER_TURN = 1024;
const BULKS_PER_TURN = 8192;

/**
 * The result of one step: more bytes are needed, parsing may continue, or a request is complete.
 */
type Step = "more" | "on" | "request";

export class RespParser {
  /** The protocol error that `next` found, in the words of Redis without the code. */
  error: string | null = null;
  /** Whether `next` stopped only to give others a turn: it needs no more bytes to continue. */
  isPaused = false;

  readonly #args = new ArgumentCollector();
  readonly #number: NumberLine;
  /** Null until the first inline command. */
  #line: InlineLine | null = null;
  /** Where to continue reading, relative to the request's first byte. */
  #scanned = 0;
  /** Arguments still to come; 0 before the header of an array has been read. */
  #missing = 0;
  /** The length of the argument that is being read. */
  #length = NO_LENGTH;
  /** Whether the bytes of the request are consumed as they arrive. */
  #isStreaming = false;
  /** Bytes of the stream that are to be consumed before the header of the next bulk string. */
  #rest = 0;

  /**
   * @param isTrusted Whether the client has authenticated, or need not.
   * @param client Learns of empty requests, which are skipped.
   */
  constructor(
    readonly limits: RespLimits = RESP_LIMITS,
    public isTrusted = true,
    readonly client: { sentEmpty(): void } | null = null,
  ) {
    this.#number = new NumberLine(limits.inlineBytes);
  }

  /** The arguments of the request that `next` found. */
  get args(): Arguments {
    return this.#args.all;
  }

  /**
   * Takes the next request off the input.
   *
   * @returns False if the request is incomplete or `isPaused`. After true, `error` says why nothing
   * more can be understood, or `args` has the arguments; both until the next call.
   */
  next(input: Input): boolean {
    this.isPaused = false;
    for (let skipped = 0; this.#missing === 0 && !this.#isStreaming; skipped++) {
      if (input.start === input.end) return false;
      if (skipped === SKIPS_PER_TURN) return this.#pause();
      const isArray = input.bytes[input.start] === ASTERISK;
      const step = isArray ? this.#nextHeader(input) : this.#nextInline(input);
      if (step !== "on") return step === "request";
    }
    return this.#isStreaming ? this.#streamBulks(input) : this.#nextBulks(input);
  }

  /** Whether nothing of the next request has been read. */
  get isAtStart(): boolean {
    return this.#missing === 0 && this.#scanned === 0 && this.#number.isAtStart &&
      this.#line?.isAtStart !== false && !this.#isStreaming;
  }

  /** Whether a part of an array has been read, and is kept. */
  get isCollecting(): boolean {
    return this.#missing > 0 && !this.#isStreaming;
  }

  /** The minimum length of an incomplete request, as far as it is known, in bytes. */
  get wanted(): number {
    return this.#args.setAsideBytes + this.#scanned + Math.max(0, this.#length);
  }

  /** Whether all bytes of an incomplete request are still in the input. */
  get isInInput(): boolean {
    return this.#args.setAsideBytes === 0;
  }

  /** Whether the name of the command has come in full. */
  get hasName(): boolean {
    return this.#args.hasAny;
  }

  /** The arguments of an incomplete request. The last one may be cut. */
  peek(input: Input): Arguments {
    const args = this.#args;
    args.list.place(input.bytes, input.start, this.wanted);
    return this.#length === NO_LENGTH
      ? args.all
      : args.withPart(input, this.#scanned, this.#length);
  }

  /** Moves the arguments of a large request, as far as they have come, out of the input. */
  setAside(input: Input): void {
    if (this.#args.list.count === 0) return;
    this.#args.setAside(input, this.#scanned);
    this.#consume(input, this.#scanned);
  }

  /**
   * Continues the incomplete request as a stream. Each `next` consumes the available bytes, and
   * returns true, without arguments, once the request is over. Between two calls, the consumed
   * bytes are those before `input.start`: the caller may pass them on or drop them.
   */
  stream(): void {
    this.#isStreaming = true;
    this.#args.clear();
    this.#skipBulk();
  }

  /** Reads the `*<count>` line. Arrays with no or a negative number of arguments are skipped. */
  #nextHeader(input: Input): Step {
    const count = this.#nextNumber(input);
    if (count === INCOMPLETE) return "more";
    if (count === TOO_LONG) return this.#fail("too big mbulk count string");
    if (!(count <= this.limits.argumentCount)) return this.#fail("invalid multibulk length");
    if (count > STRANGER_ARGUMENTS && !this.isTrusted) {
      return this.#fail("unauthenticated multibulk length");
    }
    if (count <= 0) {
      this.#consume(input, this.#scanned);
      this.client?.sentEmpty();
    } else {
      this.#missing = count;
      this.#args.clear();
    }
    return "on";
  }

  #nextBulks(input: Input): boolean {
    const { start, end } = input;
    const pauseAt = Math.max(0, this.#missing - BULKS_PER_TURN);
    while (this.#missing > pauseAt) {
      if (this.#length === NO_LENGTH) {
        const step = this.#nextLength(input);
        if (step !== "on") return step === "request";
      }
      // Redis takes the two bytes after a bulk string for CRLF without checking them.
      if (end - start - this.#scanned < this.#length + 2) return false;
      this.#args.list.add(this.#scanned, this.#scanned + this.#length);
      this.#scanned += this.#length + 2;
      this.#length = NO_LENGTH;
      this.#missing--;
    }
    if (this.#missing > 0) return this.#pause();
    this.#args.list.place(input.bytes, start, this.wanted);
    this.#consume(input, this.#scanned);
    return true;
  }

  /** Reads the `$<length>` line of the next bulk string. */
  #nextLength(input: Input): Step {
    const { bytes, start, end } = input;
    if (start + this.#scanned >= end) return "more";
    const type = bytes[start + this.#scanned]!;
    if (type !== DOLLAR) return this.#fail(`expected '$', got '${String.fromCharCode(type)}'`);
    const length = this.#nextNumber(input);
    if (length === INCOMPLETE) return "more";
    if (length === TOO_LONG) return this.#fail("too big bulk count string");
    if (!(length >= 0 && length <= this.limits.bulkBytes)) return this.#fail("invalid bulk length");
    if (length > STRANGER_BULK_BYTES && !this.isTrusted) {
      return this.#fail("unauthenticated bulk length");
    }
    this.#length = length;
    return "on";
  }

  /** Consumes bulk strings as far as they have arrived. */
  #streamBulks(input: Input): boolean {
    const pauseAt = Math.max(0, this.#missing - BULKS_PER_TURN);
    for (;;) {
      const there = Math.min(this.#rest, input.length);
      input.start += there;
      this.#rest -= there;
      if (this.#rest > 0) return false;
      if (this.#missing === 0) break;
      if (this.#missing === pauseAt) return this.#pause();
      const step = this.#nextLength(input);
      if (step !== "on") return step === "request";
      this.#skipBulk();
    }
    this.#isStreaming = false;
    return true;
  }

  /** Marks the scanned bytes and the rest of the bulk string to be consumed. */
  #skipBulk(): void {
    this.#rest = this.#scanned;
    this.#scanned = 0;
    if (this.#length === NO_LENGTH) return;
    this.#rest += this.#length + 2;
    this.#length = NO_LENGTH;
    this.#missing--;
  }

  /** Reads a type byte and a number where reading continues. */
  #nextNumber(input: Input): number {
    const number = this.#number.read(input, input.start + this.#scanned + 1);
    if (number !== INCOMPLETE && number !== TOO_LONG) this.#scanned += 1 + this.#number.length;
    return number;
  }

  #nextInline(input: Input): Step {
    const line = this.#line ??= new InlineLine(this.limits.inlineBytes);
    const words = line.read(input);
    if (words === INCOMPLETE) return "more";
    if (typeof words === "number") return this.#fail("too big inline request");
    if (words === null) return this.#fail("unbalanced quotes in request");
    this.#consume(input, line.length);
    if (words.length === 0) {
      this.client?.sentEmpty();
      return "on";
    }
    this.#args.clear();
    this.#args.list.setWords(words, line.length);
    return "request";
  }

  #consume(input: Input, bytes: number): void {
    input.start += bytes;
    this.#scanned = 0;
  }

  #pause(): false {
    this.isPaused = true;
    return false;
  }

  #fail(error: string): Step {
    this.error = error;
    this.#args.clear();
    return "request";
  }
}
