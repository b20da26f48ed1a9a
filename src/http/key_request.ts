/**
 * GET or HEAD of a key: its lookup, and its reply.
 *
 * @module
 */
import { Later } from "../core/later.ts";
import {
  type Answer,
  CacheStatus,
  type Key,
  type Lookup,
  type Millis,
  type Part,
  type Value,
} from "../core/types.ts";
import type { Output } from "../server/output.ts";
import type { ClientRequest } from "../server/protocol.ts";
import { judge, windowAlone } from "./conditional.ts";
import { prepareTag, tagOf } from "./entity_tag.ts";
import { statusOf } from "./failure_status.ts";
import type { Fields } from "./fields.ts";
import { cacheStatus, type Replies, type ReplyMode, type Representation } from "./replies.ts";

export class KeyRequest implements ClientRequest {
  /** When the answer came. */
  #now: Millis = 0;
  #status = new CacheStatus();

  constructor(
    readonly replies: Replies,
    readonly key: Key,
    readonly fields: Fields,
    readonly mode: ReplyMode,
  ) {}

  get last(): boolean {
    return this.mode.last;
  }

  read(lookup: Lookup, now: Millis): Answer | Promise<Answer> {
    this.#now = now;
    const { wishes: { terms, minFresh }, conditions } = this.fields;
    const window = conditions === null || this.mode.isHead ? null : windowAlone(conditions);
    const wanted = window === null ? terms : { ...terms, window };
    const answer = lookup.get(this.key, now, wanted, this.#status);
    const isDone = !(answer instanceof Later) && minFresh === 0 && this.#isReady(answer);
    return isDone ? answer : this.#readOn(lookup, answer);
  }

  reply(output: Output, answer: Answer): void {
    const { replies, mode } = this;
    const { part } = this.#status;
    if (answer instanceof Uint8Array) {
      if (part === null) this.#replyWith(output, answer);
      else this.#replyWithPart(output, answer, part);
      return;
    }
    const lines = cacheStatus(this.#status, answer);
    if (answer === null) {
      return replies.error(output, this.#now, 404, "No such key", mode, lines);
    }
    const [status, more] = statusOf(answer);
    replies.error(output, this.#now, status, answer.message, mode, lines + more);
  }

  /** Replies with a value, as the conditions of the request demand. */
  #replyWith(output: Output, value: Value): void {
    const { replies, mode, fields: { conditions } } = this;
    const status = this.#status;
    const now = this.#now;
    const tag = tagOf(value, status.place)!;
    const found: Representation = { value, tag, status };
    if (conditions === null) return replies.whole(output, now, found, mode);
    const { length } = value;
    const verdict = judge(conditions, tag, length, mode.isHead);
    switch (verdict) {
      case "whole":
        return replies.whole(output, now, found, mode);
      case "not-modified":
        return replies.notModified(output, now, found, mode);
      case "precondition-failed":
        return replies.error(output, now, 412, "If-Match failed: the value has changed", mode);
      case "unsatisfiable":
        return this.#refuseRange(output, length);
      default: {
        const { from, to } = verdict;
        const partial = { bytes: value.subarray(from, to), part: { from, length }, tag, status };
        return replies.partial(output, now, partial, mode);
      }
    }
  }

  /** Replies with a part of a value that was not read whole. Its tag is not known. */
  #replyWithPart(output: Output, bytes: Value, part: Part): void {
    if (bytes.length === 0) return this.#refuseRange(output, part.length);
    const partial = { bytes, part, tag: null, status: this.#status };
    this.replies.partial(output, this.#now, partial, this.mode);
  }

  #refuseRange(output: Output, length: number): void {
    const why = `The value has ${length} bytes: wanted a range of them`;
    const lines = `Content-Range: bytes */${length}\r\n`;
    this.replies.error(output, this.#now, 416, why, this.mode, lines);
  }

  /**
   * Does the slow work: a read of the origin, another one for min-fresh, the tag of a large value.
   */
  async #readOn(lookup: Lookup, first: Answer | Later<Answer>): Promise<Answer> {
    const { terms, minFresh } = this.fields.wishes;
    let answer = await first;
    const { via, timeLeft } = this.#status;
    // If an answer is stale, the terms allow it, so only a fresh hit can be too close to its end.
    if (minFresh > 0 && via === "hit" && timeLeft < minFresh) {
      const forced = { ...terms, maxAge: 0 };
      this.#status = new CacheStatus();
      answer = await lookup.get(this.key, performance.now(), forced, this.#status);
    }
    if (answer instanceof Uint8Array && !this.#isReady(answer)) {
      this.#status.place.note = await prepareTag(answer);
    }
    this.#now = performance.now();
    return answer;
  }

  /** Whether the reply can be made at once. The tag of a large value takes time. */
  #isReady(answer: Answer): boolean {
    const { part, place } = this.#status;
    return part !== null || !(answer instanceof Uint8Array) || tagOf(answer, place) !== undefined;
  }
}
