/**
 * GET: the value of one key.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Key, Lookup, Millis, Outcome, Value } from "../../core/types.ts";
import type { ClientRequest } from "../../server/protocol.ts";
import type { Output } from "../../server/output.ts";
import { writeBulk } from "../replies.ts";
import { writeOutcome } from "./outcomes.ts";

export class Get implements ClientRequest {
  /** @param nil The reply for a missing key. */
  constructor(readonly key: Key, readonly nil: Uint8Array) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Outcome | Promise<Outcome> {
    return lookup.get(this.key, now);
  }

  reply(output: Output, outcome: Outcome): void {
    writeOutcome(output, outcome, this.nil);
  }
}

/** GET of the key in `[from, to)` of the input: a hit makes no string of it. */
export class PlainGet implements ClientRequest {
  constructor(
    readonly bytes: Buffer,
    readonly from: number,
    readonly to: number,
    readonly nil: Uint8Array,
  ) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Value | Outcome | Promise<Outcome> {
    const { bytes, from, to } = this;
    return lookup.find(bytes, from, to, now) ?? lookup.get(bytes.toString("latin1", from, to), now);
  }

  reply(output: Output, found: Value | Outcome): void {
    if (found instanceof Uint8Array) writeBulk(output, found);
    else writeOutcome(output, found, this.nil);
  }
}
