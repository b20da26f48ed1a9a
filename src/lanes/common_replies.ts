/**
 * Copies of replies, with one copy for all of the most common ones.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { copyOf } from "../core/small_copies.ts";

const OK = Buffer.from("+OK\r\n", "latin1");
const DIGITS = Array.from({ length: 10 }, (_, digit) => Buffer.from(`:${digit}\r\n`, "latin1"));

/** Returns the bytes of a reply, which change after the call. The most common ones need no copy. */
export function replyOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  if (to - from === 5 && bytes[from] === 0x2b && bytes[from + 1] === 0x4f) {
    if (bytes[from + 2] === 0x4b) return OK;
  } else if (to - from === 4 && bytes[from] === 0x3a) {
    return DIGITS[bytes[from + 1]! - 0x30] ?? copyOf(bytes, from, to);
  }
  return copyOf(bytes, from, to);
}
