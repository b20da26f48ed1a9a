/**
 * EXISTS: how many of the keys exist, of any type. A key counts as often as it is named.
 *
 * @module
 */
import { Failure, type Lookup, type Millis } from "../../core/types.ts";
import type { ClientRequest } from "../../server/protocol.ts";
import type { Output } from "../../server/output.ts";
import type { ArgumentList, Arguments } from "../parse/arguments.ts";
import { writeInteger } from "../replies.ts";
import { areFew, failureIn, type KeyOutcome, readInParts, readKeys } from "./many_keys.ts";
import { writeFailure } from "./outcomes.ts";

export class Exists implements ClientRequest {
  /** @param args The command and its keys. `read` takes them. */
  constructor(readonly args: Arguments) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): number | Failure | Promise<number | Failure> {
    const { args } = this;
    if (!areFew(args)) return countAll(lookup, args.take());
    const found = readKeys(lookup, args, 1, args.count, now);
    return found instanceof Promise ? found.then(count) : count(found);
  }

  reply(output: Output, found: number | Failure): void {
    if (found instanceof Failure) writeFailure(output, found);
    else writeInteger(output, found);
  }
}

function count(outcomes: readonly KeyOutcome[]): number | Failure {
  return failureIn(outcomes) ?? outcomes.filter((one) => one !== null).length;
}

/** Keeps the number alone, and lets the values go. */
async function countAll(lookup: Lookup, lists: readonly ArgumentList[]): Promise<number | Failure> {
  let total = 0;
  const failure = await readInParts(lookup, lists, (part) => {
    const counted = count(part);
    if (counted instanceof Failure) return counted;
    total += counted;
    return undefined;
  });
  return failure ?? total;
}
