/**
 * Finds the end of a request's body. A body has no meaning here. It is skipped exactly, or the
 * connection ends: the rest of it must never be read as a request.
 * Source: RFC 9112 sections 6 and 7.
 *
 * @module
 */
import type { Input } from "../server/input.ts";
import { CR, LF } from "./characters.ts";
import { tokensOf } from "./lists.ts";
import { FieldSection, type RawFields } from "./raw_fields.ts";
import { Refusal } from "./refusal.ts";

/** The longest body that is skipped to keep a connection, in bytes as sent. */
export const BODY_BYTES = 64 * 1024;

/** How the body ends: after a length in bytes (0 for no body), or by chunks. */
export type Framing = number | "chunked";

/**
 * Decides the framing of the body. Anything that two programs might read differently is refused.
 */
export function framingOf(fields: RawFields, isHttp11: boolean): Framing | Refusal {
  const encoding = fields.get("transfer-encoding");
  const length = fields.get("content-length");
  if (encoding === undefined) {
    if (length === undefined) return 0;
    if (/^\d{1,15}$/.test(length)) return Number(length);
    return new Refusal(400, "Cannot read Content-Length: wanted one number");
  }
  if (length !== undefined) {
    return new Refusal(400, "Content-Length and Transfer-Encoding contradict each other");
  }
  if (!isHttp11) return new Refusal(400, "HTTP/1.0 has no Transfer-Encoding");
  const codings = tokensOf(encoding);
  if (codings.at(-1) !== "chunked") {
    return new Refusal(
      400,
      "Cannot find the end of the body: wanted chunked as the last transfer coding",
    );
  }
  return codings.length === 1
    ? "chunked"
    : new Refusal(501, "Unknown transfer coding: wanted chunked alone");
}

/** Follows a chunked body to its end, as its bytes arrive. */
export class ChunkedBody {
  /** The trailer section, after the last chunk. */
  #trailers: FieldSection | null = null;
  /** How far the body was followed, as an offset from the start of the input. */
  #at: number;

  constructor(readonly bodyAt: number) {
    this.#at = bodyAt;
  }

  /** Returns the offset after the body, or `undefined` if more bytes are needed. */
  end(input: Input): number | Refusal | undefined {
    const length = input.length - this.bodyAt;
    while (this.#trailers === null) {
      const next = this.#chunk(input, this.#at);
      if (next === undefined) return length > BODY_BYTES ? TOO_LARGE : undefined;
      if (typeof next !== "number") return next;
      this.#at = next;
      if (next - this.bodyAt > BODY_BYTES) return TOO_LARGE;
    }
    const end = this.#trailers.read(input, this.#at);
    if (typeof end !== "number" || end > 0) return end;
    this.#at = -end;
    return length > BODY_BYTES ? TOO_LARGE : undefined;
  }

  /** Takes one chunk. Chunk extensions are refused, because programs disagree about their end. */
  #chunk({ bytes, start, end }: Input, offset: number): number | Refusal | undefined {
    let at = start + offset;
    let size = 0;
    let digits = 0;
    for (;; at++, digits++) {
      if (at === end) return undefined;
      const digit = hexDigit(bytes[at]!);
      if (digit < 0) break;
      if (digits === 8) return BAD_CHUNK;
      size = size * 16 + digit;
    }
    if (digits === 0 || bytes[at] !== CR) return BAD_CHUNK;
    if (size > BODY_BYTES) return TOO_LARGE;
    if (at + 1 === end) return undefined;
    if (bytes[at + 1] !== LF) return BAD_CHUNK;
    const dataAt = at + 2;
    if (size === 0) {
      this.#trailers = new FieldSection();
      return dataAt - start;
    }
    const dataEnd = dataAt + size;
    if (dataEnd < end && bytes[dataEnd] !== CR) return BAD_CHUNK;
    if (dataEnd + 1 < end && bytes[dataEnd + 1] !== LF) return BAD_CHUNK;
    return dataEnd + 2 <= end ? dataEnd + 2 - start : undefined;
  }
}

const TOO_LARGE = new Refusal(413, `The body exceeds ${BODY_BYTES} bytes`);
const BAD_CHUNK = new Refusal(400, "Cannot read the body: wanted chunks without extensions");

/** The value of a hexadecimal digit, or -1. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
