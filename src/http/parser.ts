/**
 * Parses HTTP requests: bytes to heads; bodies are skipped. Nothing is taken off the input before a
 * request is complete, and no part is parsed twice.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Input } from "../server/input.ts";
import { BODY_BYTES, ChunkedBody, framingOf } from "./body.ts";
import { CR, LF } from "./characters.ts";
import { FieldSection, type RawFields } from "./raw_fields.ts";
import { Refusal } from "./refusal.ts";
import { readRequestLine, type RequestLine } from "./request_line.ts";

/** Longest field section, in bytes. */
export const FIELDS_BYTES = 16 * 1024;

/** The longest field section that is remembered for the next request, in bytes. */
const REMEMBERED_BYTES = 2 * 1024;

/** A request with its fields interpreted as `F`. */
export interface Head<F> {
  readonly line: RequestLine;
  readonly fields: F;
  /** Whether the body was left unread, so that the connection must end. */
  readonly isBodyLeft: boolean;
}

/** Interprets the fields, or refuses them. */
export type Interpret<F> = (fields: RawFields, isHttp11: boolean) => F | Refusal;

/** An earlier field section with its interpretation. */
interface Remembered<F> {
  readonly bytes: Buffer;
  readonly isHttp11: boolean;
  readonly fields: F;
  readonly epoch: number;
}

export class HttpParser<F> {
  #line: RequestLine | null = null;
  #section: FieldSection | null = null;
  /** How far the request was parsed, as an offset from the start of the input. */
  #at = 0;
  /** The head of the request whose body is being read. */
  #head: Head<F> | null = null;
  /** The end of that body as an offset from the start of the input, or the search for it. */
  #body: ChunkedBody | number = 0;
  /** Clients repeat the same fields with each request, and equal bytes have an equal meaning. */
  #remembered: Remembered<F> | null = null;

  /** @param basis The meaning of fields depends on it, and changes with its epoch. */
  constructor(
    readonly interpret: Interpret<F>,
    readonly basis: { readonly epoch: number } = FIXED,
  ) {}

  /** Takes the next request off the input; `undefined` if more bytes are needed. */
  next(input: Input): Head<F> | Refusal | undefined {
    if (this.#line === null) {
      if (!skipEmptyLines(input)) return undefined;
      const line = readRequestLine(input);
      if (line === undefined || line instanceof Refusal) return line;
      const fields = this.#recall(input, line);
      if (fields !== null) return { line, fields, isBodyLeft: false };
      this.#line = line;
      this.#at = line.length;
      this.#section = new FieldSection();
    }
    if (this.#head === null) {
      const head = this.#readHead(input, this.#line, this.#section!);
      if (head === undefined || head instanceof Refusal) return head;
      this.#head = head;
    }
    return this.#readBody(input, this.#head);
  }

  /** If the fields are the remembered ones, takes them off the input and returns their meaning. */
  #recall(input: Input, line: RequestLine): F | null {
    const known = this.#remembered;
    if (known === null || known.isHttp11 !== line.isHttp11) return null;
    if (known.epoch !== this.basis.epoch) return null;
    const { bytes, start, end } = input;
    const from = start + line.length;
    const { length } = known.bytes;
    if (end - from < length) return null;
    for (let index = 0; index < length; index++) {
      if (bytes[from + index] !== known.bytes[index]) return null;
    }
    input.start = from + length;
    return known.fields;
  }

  #readHead(
    input: Input,
    line: RequestLine,
    section: FieldSection,
  ): Head<F> | Refusal | undefined {
    const end = section.read(input, this.#at);
    if (typeof end !== "number") return end;
    if ((end < 0 ? input.length : end) - line.length > FIELDS_BYTES) return TOO_LARGE;
    if (end < 0) {
      this.#at = -end;
      return undefined;
    }
    this.#at = end;
    const framing = framingOf(section.fields, line.isHttp11);
    if (framing instanceof Refusal) return framing;
    const fields = this.interpret(section.fields, line.isHttp11);
    if (fields instanceof Refusal) return fields;
    if (framing === 0) this.#remember(input, line, fields);
    else if (framing === "chunked") this.#body = new ChunkedBody(end);
    else this.#body = end + framing;
    // A client that asks whether to send its body gets the final answer at once. Then no body may
    // follow, because it could not be told from a request (RFC 9110 section 10.1.1).
    const waits = line.isHttp11 && section.fields.has("expect");
    const isBodyLeft = framing !== 0 && (waits || Number(framing) > BODY_BYTES);
    return { line, fields, isBodyLeft };
  }

  #remember(input: Input, line: RequestLine, fields: F): void {
    const from = input.start + line.length;
    const to = input.start + this.#at;
    if (to - from > REMEMBERED_BYTES) return;
    const bytes = Buffer.from(input.bytes.subarray(from, to));
    this.#remembered = { bytes, isHttp11: line.isHttp11, fields, epoch: this.basis.epoch };
    this.#body = 0;
  }

  #readBody(input: Input, head: Head<F>): Head<F> | Refusal | undefined {
    let end: number | Refusal | undefined = this.#at;
    if (!head.isBodyLeft && this.#body instanceof ChunkedBody) end = this.#body.end(input);
    else if (!head.isBodyLeft && this.#body !== 0) end = this.#body as number;
    if (end === undefined || end instanceof Refusal) return end;
    if (end > input.length) return undefined;
    input.start += end;
    this.#line = this.#section = this.#head = null;
    this.#body = 0;
    return head;
  }
}

const FIXED = { epoch: 0 };

const TOO_LARGE = new Refusal(431, `The fields exceed ${FIELDS_BYTES} bytes`);

/**
 * Skips the empty lines that some clients send before a request (RFC 9112 section 2.2). Returns
 * whether anything follows.
 */
function skipEmptyLines(input: Input): boolean {
  const { bytes, end } = input;
  while (end - input.start > 1 && bytes[input.start] === CR && bytes[input.start + 1] === LF) {
    input.start += 2;
  }
  return end > input.start && (bytes[input.start] !== CR || end - input.start > 1);
}
