/**
 * GETRANGE and SUBSTR: some bytes of a value; none for a missing key.
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
import type { ClientRequest } from "../../server/protocol.ts";
import type { Output } from "../../server/output.ts";
import { writeBulk } from "../replies.ts";
import { writeFailure } from "./answers.ts";

const EMPTY = new Uint8Array();

export class Getrange implements ClientRequest {
  readonly #status = new CacheStatus();

  /**
   * @param start First byte.
   * @param end Last byte. Both count from the end if they are negative.
   */
  constructor(
    readonly key: Key,
    readonly start: number,
    readonly end: number,
    readonly terms: Terms,
  ) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Answer | Later<Answer> {
    const window = { first: this.start, last: this.end };
    return lookup.get(this.key, now, { ...this.terms, window }, this.#status);
  }

  reply(output: Output, answer: Answer): void {
    if (answer instanceof Failure) return writeFailure(output, answer);
    const { start, end } = this;
    if (answer === null) writeBulk(output, EMPTY);
    else writeBulk(output, this.#status.part === null ? bytesOf(answer, start, end) : answer);
  }
}

/** As in Redis, an end before the first byte means the first byte, unless it precedes the start. */
function bytesOf(value: Uint8Array, first: number, last: number): Uint8Array {
  const { length } = value;
  if (first < 0 && last < 0 && first > last) return EMPTY;
  const start = Math.max(0, first < 0 ? length + first : first);
  const end = Math.max(0, last < 0 ? length + last : last);
  return start > end ? EMPTY : value.subarray(start, end + 1);
}
