/**
 * Decides from a connection's first bytes which protocol it speaks: the only file that knows that
 * there are two. A first line that ends in ` HTTP/x.y` is HTTP, whatever its method; anything else
 * is RESP, so that `GET key` alone is an inline command.
 *
 * @module
 */
import type { Input } from "./input.ts";

/** The protocols that share the port. */
export type ProtocolName = "http" | "resp";

/** A first line longer than this many bytes is judged by its beginning. */
export const SNIFF_LIMIT = 16 * 1024;

const LF = 0x0a;
const CR = 0x0d;
const ASTERISK = 0x2a;

/** Returns the protocol, or `undefined` while more bytes are needed to tell. */
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
  // No protocol has lines of this length; answer in the words of the one that it resembles.
  return guess(input);
}

/** Returns the protocol that the beginning of a first line resembles, where its end will not come. */
export function guess({ bytes, start, end }: Input): ProtocolName {
  const beginning = bytes.toString("latin1", start, Math.min(end, start + 64));
  return /^[A-Z]+ (\/|\*|https?:)/.test(beginning) ? "http" : "resp";
}
