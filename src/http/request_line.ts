/**
 * The first line of a request. Source: RFC 9112 section 3.
 *
 * @module
 */
import type { Input } from "../server/input.ts";
import { CR, LF, PLACES, PLAIN, SPACE, TAB, TARGET, TOKEN } from "./characters.ts";
import { Refusal } from "./refusal.ts";

/** The longest request line, in bytes; twice the minimum of RFC 9112 section 3. */
export const LINE_BYTES = 16 * 1024;

export interface RequestLine {
  readonly method: string;
  /** The key, if the target is a path without escapes and query; else null. */
  readonly key: string | null;
  /** The target, if the key is null. */
  readonly target: string;
  /** Whether the version is 1.1 or a later 1.x; else it is 1.0. */
  readonly isHttp11: boolean;
  /** Offset of the line's end from the start of the input. */
  readonly length: number;
}

const SLASH = 0x2f;
const HEAD = [..."HEAD "].map((char) => char.charCodeAt(0));
const VERSION = [..."HTTP/"].map((char) => char.charCodeAt(0));
const VERSION_11 = new TextEncoder().encode("HTTP/1.1\r\n");
const DIGITS_AT = VERSION.length;

/** Length of ` HTTP/1.1` and the end of the line, in bytes. */
const TAIL_BYTES = 11;

/** Reads the line at the start of the input; `undefined` if more bytes are needed. */
export function readRequestLine(input: Input): RequestLine | Refusal | undefined {
  const { bytes, start, end } = input;
  let at = start;
  while (at < end && (PLACES[bytes[at]!]! & TOKEN) !== 0) at++;
  const targetAt = at + 1;
  if (at < end && (bytes[at] !== SPACE || at === start)) return BAD_LINE;
  let isPlain = bytes[targetAt] === SLASH;
  for (at = Math.min(targetAt, end); at < end; at++) {
    const places = PLACES[bytes[at]!]!;
    if ((places & PLAIN) !== 0) continue;
    if ((places & TARGET) === 0) break;
    isPlain = false;
  }
  if (at - start > LINE_BYTES) return TOO_LONG;
  if (at === end) return undefined;
  if (at === targetAt) return BAD_LINE;
  if (bytes[at] !== SPACE) return badTarget(bytes[at]!);
  const minor = isVersion11(input, at + 1) ? 1 : readVersion(input, at + 1);
  if (typeof minor !== "number") return minor;
  return {
    method: methodAt(input, start, targetAt - 1),
    key: isPlain ? input.latin1(targetAt + 1, at) : null,
    target: isPlain ? "" : input.latin1(targetAt, at),
    isHttp11: minor > 0,
    length: at + TAIL_BYTES - start,
  };
}

/** Whether the input begins with a HEAD request, even if the rest is malformed or incomplete. */
export function isHeadRequest({ bytes, start, end }: Input): boolean {
  if (end - start < HEAD.length) return false;
  return HEAD.every((byte, index) => bytes[start + index] === byte);
}

/** Whether the line ends as nearly all do, in HTTP/1.1 and CRLF. */
function isVersion11({ bytes, end }: Input, from: number): boolean {
  if (from + VERSION_11.length > end) return false;
  for (let index = 0; index < VERSION_11.length; index++) {
    if (bytes[from + index] !== VERSION_11[index]) return false;
  }
  return true;
}

/** Reads the version and the end of the line; returns the minor version. */
function readVersion({ bytes, end }: Input, from: number): number | Refusal | undefined {
  for (let index = 0; index < TAIL_BYTES - 1; index++) {
    if (from + index === end) return undefined;
    const byte = bytes[from + index]!;
    if (!fits(byte, index)) return BAD_VERSION;
  }
  if (bytes[from + DIGITS_AT] !== 0x31) return UNKNOWN_VERSION;
  return bytes[from + DIGITS_AT + 2]! - 0x30;
}

/** Whether a byte is allowed at a position of `HTTP/1.1` and the end of the line. */
function fits(byte: number, index: number): boolean {
  switch (index - DIGITS_AT) {
    case 0:
    case 2:
      return byte >= 0x30 && byte <= 0x39;
    case 1:
      return byte === 0x2e;
    case 3:
      return byte === CR;
    case 4:
      return byte === LF;
    default:
      return byte === VERSION[index];
  }
}

/** The method. Nearly all requests need no new string for it. */
function methodAt(input: Input, from: number, to: number): string {
  const { bytes } = input;
  if (
    to - from === 3 && bytes[from] === 0x47 && bytes[from + 1] === 0x45 && bytes[from + 2] === 0x54
  ) {
    return "GET";
  }
  return input.latin1(from, to);
}

/** Refuses an unexpected byte in a target. */
function badTarget(byte: number): Refusal {
  if (byte === CR || byte === LF || byte === TAB) return BAD_LINE;
  const hex = byte.toString(16).toUpperCase().padStart(2, "0");
  return new Refusal(400, `The target contains the byte 0x${hex}: wanted it written as %${hex}`);
}

const BAD_LINE = new Refusal(400, "Cannot read the request line: wanted `METHOD target HTTP/1.1`");
const BAD_VERSION = new Refusal(
  400,
  "The request line does not end in ` HTTP/1.1`: wanted a space in the target written as %20",
);
const TOO_LONG = new Refusal(414, `The request line exceeds ${LINE_BYTES} bytes`);
const UNKNOWN_VERSION = new Refusal(505, "Unsupported version: wanted HTTP/1.1 or HTTP/1.0");
