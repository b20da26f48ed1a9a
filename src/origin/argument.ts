/**
 * Keys as ioredis takes them.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Key } from "../core/types.ts";

/** Returns a key as an argument: ASCII as text, which ioredis writes faster, else its bytes. */
export function argumentOf(key: Key): string | Buffer {
  // deno-lint-ignore no-control-regex -- all of ASCII is meant
  return /^[\x00-\x7f]*$/.test(key) ? key : Buffer.from(key, "latin1");
}
