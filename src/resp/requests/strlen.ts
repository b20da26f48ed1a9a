/**
 * STRLEN: the length of a value; 0 for a missing key.
 *
 * @module
 */
import { Failure, type Key, type Lookup, type Millis, type Outcome } from "../../core/types.ts";
import type { ClientRequest } from "../../server/protocol.ts";
import type { Output } from "../../server/output.ts";
import { writeInteger } from "../replies.ts";
import { writeFailure } from "./outcomes.ts";

export class Strlen implements ClientRequest {
  constructor(readonly key: Key) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Outcome | Promise<Outcome> {
    return lookup.get(this.key, now);
  }

  reply(output: Output, outcome: Outcome): void {
    if (outcome instanceof Failure) writeFailure(output, outcome);
    else writeInteger(output, outcome === null ? 0 : outcome.value.length);
  }
}
