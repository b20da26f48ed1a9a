/**
 * MGET: the values of several keys. A key of another type is nil, as in Redis.
 *
 * @module
 */
import { type Answer, Failure, type Lookup, type Millis, type Terms } from "../../core/types.ts";
import type { ClientRequest } from "../../server/protocol.ts";
import type { Output } from "../../server/output.ts";
import type { ArgumentList, Arguments } from "../parse/arguments.ts";
import { REPLY_BYTES, TURN_KEYS } from "../parse/limits.ts";
import { writeArray, writeBulk } from "../replies.ts";
import { areFew, failureIn, readInParts, readKeys } from "./many_keys.ts";
import { writeFailure } from "./answers.ts";

/** Values that are appended to the output before the other clients have a turn. */
const TURN_VALUES = 8 * TURN_KEYS;

const TOO_MUCH = new Failure(
  "reply",
  `ERR Values of more than ${REPLY_BYTES / 1024 / 1024} MiB: ask for fewer keys at once`,
);

type Values = readonly Answer[] | Failure;

export class Mget implements ClientRequest {
  /** Values that have been appended to the output. */
  #appended = 0;

  /**
   * @param args The command and its keys. `read` takes them.
   * @param nil The reply for a missing key.
   */
  constructor(readonly args: Arguments, readonly terms: Terms, readonly nil: Uint8Array) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Values | Promise<Values> {
    const { args, terms } = this;
    if (!areFew(args)) return collectValues(lookup, args.take(), terms);
    const found = readKeys(lookup, args, 1, args.count, now, terms);
    return found instanceof Promise ? found.then(check) : check(found);
  }

  reply(output: Output, found: Values): boolean {
    if (found instanceof Failure) {
      writeFailure(output, found);
      return true;
    }
    if (this.#appended === 0) writeArray(output, found.length);
    const stop = Math.min(this.#appended + TURN_VALUES, found.length);
    for (; this.#appended < stop; this.#appended++) {
      const answer = found[this.#appended]!;
      if (answer instanceof Uint8Array) writeBulk(output, answer);
      else output.bytes(this.nil);
    }
    return stop === found.length;
  }
}

function check(found: Answer[]): Values {
  const failure = failureIn(found);
  if (failure !== undefined) return failure;
  return found.length > 1 && lengthOf(found) > REPLY_BYTES ? TOO_MUCH : found;
}

/** Collects no more values than one reply may have. */
async function collectValues(
  lookup: Lookup,
  lists: readonly ArgumentList[],
  terms: Terms,
): Promise<Values> {
  const all: Answer[] = [];
  let bytes = 0;
  const failure = await readInParts(lookup, lists, terms, (part) => {
    bytes += lengthOf(part);
    if (bytes > REPLY_BYTES) return TOO_MUCH;
    for (const one of part) all.push(one);
    return failureIn(part);
  });
  return failure ?? all;
}

/** The length of all values together, in bytes. */
function lengthOf(answers: readonly Answer[]): number {
  let bytes = 0;
  for (const one of answers) if (one instanceof Uint8Array) bytes += one.length;
  return bytes;
}
