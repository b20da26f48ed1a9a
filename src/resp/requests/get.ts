/**
 * GET: the value of one key.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Later } from "../../core/later.ts";
import type { Answer, Key, KeyBytes, Lookup, Millis, Terms } from "../../core/types.ts";
import type { ClientRequest } from "../../server/protocol.ts";
import type { Output } from "../../server/output.ts";
import { writeAnswer } from "./answers.ts";

export class Get implements ClientRequest {
  /** @param nil The reply for a missing key. */
  constructor(readonly key: Key, readonly terms: Terms, readonly nil: Uint8Array) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Answer | Later<Answer> {
    return lookup.get(this.key, now, this.terms);
  }

  reply(output: Output, answer: Answer): void {
    writeAnswer(output, answer, this.nil);
  }
}

/** GET of the key in `[from, to)` of the input: a hit makes no string of it. */
export class PlainGet implements ClientRequest, KeyBytes {
  constructor(
    readonly bytes: Buffer,
    readonly from: number,
    readonly to: number,
    readonly terms: Terms,
    readonly nil: Uint8Array,
  ) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Answer | Later<Answer> {
    return lookup.get(this, now, this.terms);
  }

  reply(output: Output, answer: Answer): void {
    writeAnswer(output, answer, this.nil);
  }
}
