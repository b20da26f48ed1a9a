/**
 * Detects the protocol of a connection from its first bytes. This is the only file that knows there
 * are two. A first line that ends in ` HTTP/x.y` is HTTP, whatever its method. Anything else is
 * RESP, so that `GET key` alone is an inline command.
 *
 * @module
 */
import type { Input } from "./input.ts";

/** The protocols that share the port. */
export type ProtocolName = "http" | "resp";

/** The length from which a first line is judged by its beginning, in bytes. */
export const SNIFF_LIMIT = 16 * 1024;

const LF = 0x0a;
const CR = 0x0d;
const ASTERISK = 0x2a;

/** Returns the protocol, or `undefined` while more bytes are needed. */
export function sniff(input: Input): ProtocolName | undefined {
  const { bytes, end } = input;
  let start = input.start;
  // Empty lines mean nothing in either protocol (RFC 9112 section 2.2; Redis skips them too).
  while (start < end && (bytes[start] === CR || bytes[start] === LF)) start++;
  input.start = start;
  if (start === end) return undefined;
  if (bytes[start] === ASTERISK) return "resp";
  const limit = Math.min(end, start + SNIFF_LIMIT);
  const lf = bytes.subarray(start, limit).indexOf(LF);
  if (lf >= 0) {
    const line = input.latin1(start, start + lf);
    return / HTTP\/\d\.\d\r?$/.test(line) ? "http" : "resp";
  }
  if (end - start < SNIFF_LIMIT) return undefined;
  // No protocol has lines of this length. The answer uses the protocol that the line resembles.
  return guess(input);
}

/** Returns the protocol that an incomplete first line resembles. */
export function guess({ bytes, start, end }: Input): ProtocolName {
  const beginning = bytes.toString("latin1", start, Math.min(end, start + 64));
  return /^[A-Z]+ (\/|\*|https?:)/.test(beginning) ? "http" : "resp";
}
