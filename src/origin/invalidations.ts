/**
 * What Redis sends to tell of changes.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Follower } from "./follower.ts";

/**
 * Hands a message on: keys that were changed; null for all of them; anything else was published by
 * somebody. Only Redis can send an array: if its keys are none, any key may have been changed.
 */
export function handOn(payload: unknown, follower: Follower): void {
  if (payload === null) {
    follower.flush();
  } else if (!Array.isArray(payload)) {
    follower.foreign();
  } else if (payload.every((key) => key instanceof Buffer)) {
    for (const key of payload) follower.invalidate(key.toString("latin1"));
  } else {
    follower.flush();
  }
}
