/**
 * Keys in the forms that the cache needs.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Key, KeyBytes } from "../core/types.ts";
import { hashOf } from "./store/hash.ts";

/** A key that the cache remembers: its text, and the hash of its bytes, computed once. */
export class CacheKey {
  constructor(readonly text: Key, readonly hash: number = hashOfText(text)) {}
}

/** The longest key that fits into the reused memory, in bytes. */
const SCRATCH_BYTES = 64 * 1024;

const scratch = { bytes: Buffer.alloc(1024), from: 0, to: 0 };

/** Returns the bytes of a key. They are valid until the next call. */
export function bytesOf(key: Key): KeyBytes {
  const { length } = key;
  if (length > SCRATCH_BYTES) return { bytes: Buffer.from(key, "latin1"), from: 0, to: length };
  if (length > scratch.bytes.length) scratch.bytes = Buffer.alloc(SCRATCH_BYTES);
  const { bytes } = scratch;
  for (let at = 0; at < length; at++) bytes[at] = key.charCodeAt(at);
  scratch.to = length;
  return scratch;
}

/** Returns a key as text. */
export function textOf(key: Key | KeyBytes): Key {
  return typeof key === "string" ? key : key.bytes.toString("latin1", key.from, key.to);
}

function hashOfText(text: Key): number {
  const { bytes, from, to } = bytesOf(text);
  return hashOf(bytes, from, to);
}
