/**
 * The kinds of HTTP requests: what each looks up, and how its reply is made of what was found.
 *
 * @module
 */
import { isNotNow } from "../core/redis_errors.ts";
import {
  type Answer,
  CacheStatus,
  type Failure,
  type Key,
  type Lookup,
  type Millis,
  type Value,
} from "../core/types.ts";
import type { ClientRequest } from "../server/protocol.ts";
import type { Output } from "../server/output.ts";
import { judge } from "./conditional.ts";
import { prepareTag, tagOf } from "./entity_tag.ts";
import type { Fields } from "./fields.ts";
import { cacheStatus, type Replies, type ReplyMode, type Representation } from "./replies.ts";

/** Appends a reply, at a time. */
export type Reply = (output: Output, now: Millis) => void;

/** A request that needs no lookup. */
export class Told implements ClientRequest {
  #now: Millis = 0;

  constructor(readonly mode: ReplyMode, readonly say: Reply) {}

  get last(): boolean {
    return this.mode.last;
  }

  read(_lookup: Lookup, now: Millis): undefined {
    this.#now = now;
  }

  reply(output: Output): void {
    this.say(output, this.#now || performance.now());
  }
}

/** GET or HEAD of a key. */
export class Read implements ClientRequest {
  /** When the answer was had, and how it came about. */
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
    const { terms, minFresh } = this.fields.wishes;
    const answer = lookup.get(this.key, now, terms, this.#status);
    const isDone = !(answer instanceof Promise) && minFresh === 0 && this.#isReady(answer);
    return isDone ? answer : this.#readOn(lookup, answer);
  }

  reply(output: Output, answer: Answer): void {
    if (answer instanceof Uint8Array) return this.#replyWith(output, answer);
    const { replies, mode } = this;
    const lines = cacheStatus(this.#status, answer);
    if (answer === null) {
      return replies.error(output, this.#now, 404, "No such key", mode, lines);
    }
    const [status, more] = statusOf(answer);
    replies.error(output, this.#now, status, answer.message, mode, lines + more);
  }

  #replyWith(output: Output, value: Value): void {
    const { replies, mode, fields: { conditions } } = this;
    const status = this.#status;
    const now = this.#now;
    const found: Representation = { value, tag: tagOf(value, status.place)!, status };
    if (conditions === null) return replies.whole(output, now, found, mode);
    const verdict = judge(conditions, found.tag, value.length, mode.isHead);
    switch (verdict) {
      case "whole":
        return replies.whole(output, now, found, mode);
      case "not-modified":
        return replies.notModified(output, now, found, mode);
      case "precondition-failed":
        return replies.error(output, now, 412, "The value is another one by now", mode);
      case "unsatisfiable": {
        const text = `The value has ${value.length} bytes, and none of those asked for`;
        const lines = `Content-Range: bytes */${value.length}\r\n`;
        return replies.error(output, now, 416, text, mode, lines);
      }
      default:
        return replies.part(output, now, found, verdict, mode);
    }
  }

  /** What takes longer: a read at the origin, a second one for a fresher value, a large value's tag. */
  async #readOn(lookup: Lookup, first: Answer | Promise<Answer>): Promise<Answer> {
    const { terms, minFresh } = this.fields.wishes;
    let answer = await first;
    const { via, timeLeft } = this.#status;
    // A stale answer is one that was allowed: only who wants a fresh one longer asks again.
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

  /** Whether the reply can be made at once. */
  #isReady(answer: Answer): boolean {
    return !(answer instanceof Uint8Array) || tagOf(answer, this.#status.place) !== undefined;
  }
}

/** The status of a failure, and the lines that go with it. */
function statusOf({ reason, message }: Failure): [502 | 503 | 504 | 409, string] {
  switch (reason) {
    case "away":
    case "busy":
    case "unready":
      return [503, RETRY_LINES];
    case "broken":
      return [502, ""];
    case "timeout":
    case "uncached":
      return [504, ""];
    case "refused":
      return [502, ""];
    case "reply":
      if (message.startsWith("WRONGTYPE ")) return [409, ""];
      return isNotNow(message) ? [503, RETRY_LINES] : [502, ""];
  }
}

/** When to come again, in seconds (RFC 9110 section 10.2.3). */
export const RETRY_LINES = "Retry-After: 1\r\n";
