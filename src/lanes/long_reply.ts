/**
 * A long reply that comes in parts. The parts pass on at once, unless the reply must be changed: then
 * they are collected.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { FrameKind } from "./reply_kind.ts";

export class LongReply {
  /** Messages of other connections that wait for its end. */
  readonly pushed: Uint8Array[] = [];
  readonly #collected: Uint8Array[] = [];

  constructor(readonly kind: FrameKind) {}

  /** Keeps a part. */
  collect(bytes: Uint8Array, from: number, to: number): void {
    this.#collected.push(bytes.slice(from, to));
  }

  /** Returns the whole reply with its last part; null if no part was kept. */
  joined(bytes: Uint8Array, from: number, to: number): Uint8Array | null {
    if (this.#collected.length === 0) return null;
    return Buffer.concat([...this.#collected.splice(0), bytes.subarray(from, to)]);
  }
}
