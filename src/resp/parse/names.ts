/**
 * The names of commands as text, found by their bytes: most requests name one of a few commands,
 * and making text of bytes costs more than comparing them.
 *
 * @module
 */

/** The longest name to remember, in bytes, and how many. */
const LONGEST = 24;
const REMEMBERED = 1024;

interface Remembered {
  readonly text: string;
  /** Another name with the same hash. */
  readonly next: Remembered | undefined;
}

const byHash = new Map<number, Remembered>();
let count = 0;

/** Returns the bytes in `[from, to)` as text of code units 0 to 255; undefined if they are too many. */
export function nameOf(bytes: Uint8Array, from: number, to: number): string | undefined {
  const length = to - from;
  if (length > LONGEST) return undefined;
  let hash = length;
  for (let at = from; at < to; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
  const first = byHash.get(hash);
  for (let one = first; one !== undefined; one = one.next) {
    if (isSame(one.text, bytes, from, length)) return one.text;
  }
  let text = "";
  for (let at = from; at < to; at++) text += String.fromCharCode(bytes[at]!);
  if (count < REMEMBERED) {
    count++;
    byHash.set(hash, { text, next: first });
  }
  return text;
}

function isSame(text: string, bytes: Uint8Array, from: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let at = 0; at < length; at++) if (text.charCodeAt(at) !== bytes[from + at]) return false;
  return true;
}
