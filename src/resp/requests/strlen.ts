/**
 * STRLEN: the length of a value; 0 for a missing key.
 *
 * @module
 */
import type { Later } from "../../core/later.ts";
import {
  type Answer,
  CacheStatus,
  Failure,
  type Key,
  type Lookup,
  type Millis,
  type Terms,
} from "../../core/types.ts";
import { NO_BYTES } from "../../core/byte_window.ts";
import type { ClientRequest } from "../../server/protocol.ts";
import type { Output } from "../../server/output.ts";
import { writeInteger } from "../replies.ts";
import { writeFailure } from "./answers.ts";

export class Strlen implements ClientRequest {
  readonly #status = new CacheStatus();

  constructor(readonly key: Key, readonly terms: Terms) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Answer | Later<Answer> {
    return lookup.get(this.key, now, { ...this.terms, window: NO_BYTES }, this.#status);
  }

  reply(output: Output, answer: Answer): void {
    if (answer instanceof Failure) writeFailure(output, answer);
    else writeInteger(output, this.#status.part?.length ?? answer?.length ?? 0);
  }
}
