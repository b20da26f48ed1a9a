/**
 * Puts small things into memory that has room for them. Part of the path of a hit.
 *
 * @module
 */

/** Copies bytes. */
export function copy(bytes: Uint8Array, to: Uint8Array, at: number): void {
  const { length } = bytes;
  // Below about 24 bytes, a loop is faster than a call of set().
  if (length < 24) {
    for (let i = 0; i < length; i++) to[at + i] = bytes[i]!;
  } else {
    to.set(bytes, at);
  }
}

/** Writes a number below 2^31 in decimal digits, and returns where they end. */
export function writeDecimal(to: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  const end = at + digits;
  let rest = value;
  for (let place = end - 1; place >= at; place--) {
    const next = (rest / 10) | 0;
    to[place] = 0x30 + rest - next * 10;
    rest = next;
  }
  return end;
}

/** Writes a carriage return and a line feed, and returns where they end. */
export function writeCrlf(to: Uint8Array, at: number): number {
  to[at] = 0x0d;
  to[at + 1] = 0x0a;
  return at + 2;
}
