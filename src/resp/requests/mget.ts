/**
 * MGET: the values of several keys. A key of another type is nil, as in Redis.
 *
 * @module
 */
import { Entry, Failure, type Lookup, type Millis, type Value } from "../../core/types.ts";
import type { ClientRequest } from "../../server/protocol.ts";
import type { Output } from "../../server/output.ts";
import type { ArgumentList, Arguments } from "../parse/arguments.ts";
import { REPLY_BYTES, TURN_KEYS } from "../parse/limits.ts";
import { writeArray, writeBulk } from "../replies.ts";
import { areFew, failureIn, type KeyOutcome, readInParts, readKeys } from "./many_keys.ts";
import { writeFailure } from "./outcomes.ts";

/** Values that are appended to the output before the other clients have a turn. */
const TURN_VALUES = 8 * TURN_KEYS;

const TOO_MUCH = new Failure(
  "reply",
  `ERR Values of more than ${REPLY_BYTES / 1024 / 1024} MiB: ask for fewer keys at once`,
);

type Found = readonly KeyOutcome[] | Failure;

export class Mget implements ClientRequest {
  /** Values that have been appended to the output. */
  #appended = 0;

  /**
   * @param args The command and its keys. `read` takes them.
   * @param nil The reply for a missing key.
   */
  constructor(readonly args: Arguments, readonly nil: Uint8Array) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Found | Promise<Found> {
    const { args } = this;
    if (!areFew(args)) return collectValues(lookup, args.take());
    const found = readKeys(lookup, args, 1, args.count, now);
    return found instanceof Promise ? found.then(check) : check(found);
  }

  reply(output: Output, found: Found): boolean {
    if (found instanceof Failure) {
      writeFailure(output, found);
      return true;
    }
    if (this.#appended === 0) writeArray(output, found.length);
    const stop = Math.min(this.#appended + TURN_VALUES, found.length);
    for (; this.#appended < stop; this.#appended++) {
      const value = valueOf(found[this.#appended]!);
      if (value !== null) writeBulk(output, value);
      else output.bytes(this.nil);
    }
    return stop === found.length;
  }
}

function check(found: KeyOutcome[]): Found {
  const failure = failureIn(found);
  if (failure !== undefined) return failure;
  return found.length > 1 && lengthOf(found) > REPLY_BYTES ? TOO_MUCH : found;
}

/** Collects no more values than one reply may have. */
async function collectValues(lookup: Lookup, lists: readonly ArgumentList[]): Promise<Found> {
  const all: KeyOutcome[] = [];
  let bytes = 0;
  const failure = await readInParts(lookup, lists, (part) => {
    bytes += lengthOf(part);
    if (bytes > REPLY_BYTES) return TOO_MUCH;
    for (const one of part) all.push(one);
    return failureIn(part);
  });
  return failure ?? all;
}

/** A value that was found, else null. */
function valueOf(outcome: KeyOutcome): Value | null {
  if (outcome instanceof Uint8Array) return outcome;
  return outcome instanceof Entry ? outcome.value : null;
}

/** The length of all values together, in bytes. */
function lengthOf(outcomes: readonly KeyOutcome[]): number {
  let bytes = 0;
  for (const one of outcomes) bytes += valueOf(one)?.length ?? 0;
  return bytes;
}
