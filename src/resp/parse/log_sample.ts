/**
 * The sample of a client's bytes that a log may show: short, printable, and without a password.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** The length of a sample, in bytes. */
const SAMPLE_BYTES = 64;

/** Words that a secret may follow: AUTH, `requirepass`, ACL SETUSER and others. */
const BEFORE_SECRET = /auth|pass|setuser/i;

/** Returns the first bytes, with escapes for unprintable ones, cut where a secret may follow. */
export function logSample(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, SAMPLE_BYTES)).toString("latin1");
  const word = BEFORE_SECRET.exec(text);
  const shown = word === null ? text : `${text.slice(0, word.index + word[0].length)}...`;
  return shown.replace(/[^ -~]/g, escaped);
}

function escaped(char: string): string {
  const code = char.charCodeAt(0);
  return char === "\r" ? "\\r" : char === "\n" ? "\\n" : `\\x${code.toString(16).padStart(2, "0")}`;
}
