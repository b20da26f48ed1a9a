/**
 * A key that the cache has to remember: its text, and the hash of its bytes, computed once.
 *
 * @module
 */
import type { Key } from "../core/types.ts";
import { hashOfText } from "./store/hash.ts";

export class CacheKey {
  constructor(readonly text: Key, readonly hash: number = hashOfText(text)) {}
}
