/**
 * Feeds bytes into an input in pieces, as a socket would, at cuts that a test chooses.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Input } from "../../src/input.ts";

/** A generator of numbers in [0, 1) that a seed determines (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How a text of code units 0 to 255 is cut: as a whole, into bytes, and at random places. */
export function cuts(text: string, random: () => number): string[][] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length;) {
    const length = 1 + Math.floor(random() ** 3 * text.length);
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return [[text], [...text], pieces];
}

/** Puts a text into an input, as far as needed by several reads; `between` is called after each. */
export function feed(input: Input, text: string, between: () => void): void {
  const bytes = Buffer.from(text, "latin1");
  for (let at = 0; at < bytes.length;) {
    const room = input.room();
    const count = Math.min(room.length, bytes.length - at);
    room.set(bytes.subarray(at, at + count));
    input.received(count);
    at += count;
    between();
  }
}
