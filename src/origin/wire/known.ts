/**
 * Compares received bytes with a reply that came before. A reply says itself where it ends, so equal
 * bytes are the same reply, and need not be scanned.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** How far bytes are those of a known reply. */
export const OTHER = 0;
export const PARTIAL = 1;
export const EQUAL = 2;

/** Compares the bytes `[from, to)` with a known reply, which more may follow. */
export function matchOf(known: Uint8Array, bytes: Uint8Array, from: number, to: number): number {
  // Most other replies differ here.
  if (from === to || bytes[from] !== known[0] || bytes[from + 1] !== known[1]) return OTHER;
  const end = Math.min(to, from + known.length);
  const isSame = Buffer.compare(bytes.subarray(from, end), known.subarray(0, end - from)) === 0;
  if (!isSame) return OTHER;
  return end - from === known.length ? EQUAL : PARTIAL;
}
