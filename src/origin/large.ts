/**
 * The part of a large value to read.
 *
 * @module
 */
import { boundsOf, type ByteWindow } from "../core/byte_window.ts";

export class Large {
  /**
   * @param length The length of the value in bytes, when it was asked for.
   * @param window The wanted bytes; null for all.
   */
  constructor(readonly length: number, readonly window: ByteWindow | null = null) {}

  /** The bytes that a read of it transfers, about. */
  get transfer(): number {
    if (this.window === null) return this.length;
    const { from, to } = boundsOf(this.window, this.length);
    return to - from;
  }
}
