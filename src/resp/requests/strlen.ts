/**
 * STRLEN: the length of a value; 0 for a missing key.
 *
 * @module
 */
import {
  type Answer,
  Failure,
  type Key,
  type Lookup,
  type Millis,
  type Terms,
} from "../../core/types.ts";
import type { ClientRequest } from "../../server/protocol.ts";
import type { Output } from "../../server/output.ts";
import { writeInteger } from "../replies.ts";
import { writeFailure } from "./answers.ts";

export class Strlen implements ClientRequest {
  constructor(readonly key: Key, readonly terms: Terms) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Answer | Promise<Answer> {
    return lookup.get(this.key, now, this.terms);
  }

  reply(output: Output, answer: Answer): void {
    if (answer instanceof Failure) writeFailure(output, answer);
    else writeInteger(output, answer === null ? 0 : answer.length);
  }
}
