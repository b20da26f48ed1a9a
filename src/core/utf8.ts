/**
 * From the text that people write to the bytes that Redis has.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** Returns text in UTF-8, as text with a code unit for each byte (Latin-1). */
export function utf8(text: string): string {
  return Buffer.from(text).toString("latin1");
}
