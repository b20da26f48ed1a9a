/**
 * What Redis sends to tell of changes.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Follower } from "./follower.ts";

/**
 * Hands a message on: keys that were changed; null for all of them; anything else was published by
 * somebody.
 */
export function handOn(payload: unknown, follower: Follower): void {
  if (payload === null) {
    follower.flush();
  } else if (Array.isArray(payload)) {
    for (const key of payload as Buffer[]) follower.invalidate(key.toString("latin1"));
  } else {
    follower.foreign();
  }
}
