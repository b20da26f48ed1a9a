/**
 * HTTP requests: bytes to a head. Strict where being lenient lets two parties read two requests
 * into the same bytes. Source: RFC 9112 sections 2, 3, 5 and 6.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Input } from "../input.ts";

/** Longest head, from the request line to the empty line, in bytes. */
export const HEAD_BYTES = 16 * 1024;

/** Longest body that is read and thrown away to keep a connection, in bytes. */
export const BODY_BYTES = 64 * 1024;

/** A request's head, or what is wrong with it. */
export interface Head {
  readonly method: string;
  /** The request target as it was sent, of code units 0 to 255. */
  readonly target: string;
  /** Whether the version is 1.1; else it is 1.0. */
  readonly isHttp11: boolean;
  /** Field values by lower-case name; several of one name are joined by ", ". */
  readonly fields: ReadonlyMap<string, string>;
  /** Length of the body, in bytes. */
  readonly contentLength: number;
}

/** A request that cannot be taken, and the status that says so. */
export class BadRequest {
  constructor(readonly status: 400 | 413 | 431 | 501 | 505, readonly reason: string) {}
}

const END_OF_HEAD = Buffer.from("\r\n\r\n");
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP\/(\d)\.(\d)$/;
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/s;
// deno-lint-ignore no-control-regex -- control characters are what it is there to find
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;

export class HttpParser {
  /** How far the end of the head was looked for, relative to the request's first byte. */
  #scanned = 0;
  /** Bytes of a body that still have to be thrown away. */
  #body = 0;

  /** Takes the next head off the input; `undefined` when more bytes are needed. */
  next(input: Input): Head | BadRequest | undefined {
    if (!this.#skipBody(input)) return undefined;
    const { bytes, end } = input;
    while (input.start < end && (bytes[input.start] === 0x0d || bytes[input.start] === 0x0a)) {
      input.start++;
    }
    const { start } = input;
    const from = Math.max(0, this.#scanned - 3);
    const stop = bytes.subarray(start + from, end).indexOf(END_OF_HEAD);
    const length = stop < 0 ? end - start : from + stop;
    if (length > HEAD_BYTES) return new BadRequest(431, `The head exceeds ${HEAD_BYTES} bytes`);
    if (stop < 0) {
      this.#scanned = length;
      return undefined;
    }
    this.#scanned = 0;
    const head = parseHead(input.latin1(start, start + length));
    input.start += length + END_OF_HEAD.length;
    if (!(head instanceof BadRequest)) this.#body = head.contentLength;
    return head;
  }

  #skipBody(input: Input): boolean {
    const skipped = Math.min(this.#body, input.length);
    input.start += skipped;
    this.#body -= skipped;
    return this.#body === 0;
  }
}

function parseHead(text: string): Head | BadRequest {
  const [requestLine, ...lines] = text.split("\r\n");
  const parts = REQUEST_LINE.exec(requestLine!);
  if (parts === null) {
    return new BadRequest(400, "The request line is not `METHOD target HTTP/1.1`");
  }
  const [, method, target, major, minor] = parts;
  if (major !== "1") return new BadRequest(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here");
  const fields = new Map<string, string>();
  for (const line of lines) {
    const field = FIELD_LINE.exec(line);
    if (field === null || CONTROL.test(field[2]!)) {
      return new BadRequest(400, "A header line is not `name: value`");
    }
    const name = field[1]!.toLowerCase();
    const before = fields.get(name);
    fields.set(name, before === undefined ? field[2]! : `${before}, ${field[2]}`);
  }
  const isHttp11 = minor !== "0";
  if (isHttp11 && !/^[^\s,]*$/.test(fields.get("host") ?? " ")) {
    return new BadRequest(400, "HTTP/1.1 needs exactly one Host");
  }
  if (fields.has("transfer-encoding")) {
    return new BadRequest(501, "A body in transfer encodings is not taken");
  }
  const length = fields.get("content-length") ?? "0";
  if (!/^\d{1,15}$/.test(length)) return new BadRequest(400, "Content-Length is not one number");
  if (Number(length) > BODY_BYTES) return new BadRequest(413, "The body is too large");
  return { method: method!, target: target!, isHttp11, fields, contentLength: Number(length) };
}
