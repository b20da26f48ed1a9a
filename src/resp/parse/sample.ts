/**
 * What a log may show of a client's bytes: a few, printable, and no password.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** Bytes that are shown. */
const SAMPLE_BYTES = 64;

/** The beginning of some bytes with escapes for what is not printable, cut behind AUTH. */
export function printable(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, SAMPLE_BYTES)).toString("latin1");
  const secret = text.search(/auth/i);
  const shown = secret < 0 ? text : `${text.slice(0, secret + 4)}...`;
  return shown.replace(/[^ -~]/g, escaped);
}

function escaped(char: string): string {
  const code = char.charCodeAt(0);
  return char === "\r" ? "\\r" : char === "\n" ? "\\n" : `\\x${code.toString(16).padStart(2, "0")}`;
}
