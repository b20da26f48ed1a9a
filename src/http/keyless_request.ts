/**
 * A request that reads no key.
 *
 * @module
 */
import type { Lookup, Millis } from "../core/types.ts";
import type { Output } from "../server/output.ts";
import type { ClientRequest } from "../server/protocol.ts";
import type { ReplyMode } from "./replies.ts";

/** Appends a reply that was made at this time. */
export type WriteReply = (output: Output, now: Millis) => void;

export class KeylessRequest implements ClientRequest {
  #now: Millis = 0;

  constructor(readonly mode: ReplyMode, readonly write: WriteReply) {}

  get last(): boolean {
    return this.mode.last;
  }

  read(_lookup: Lookup, now: Millis): undefined {
    this.#now = now;
  }

  reply(output: Output): void {
    this.write(output, this.#now || performance.now());
  }
}
