/**
 * EXISTS: how many of the keys exist, of any type. A key counts as often as it is named.
 *
 * @module
 */
import { type Answer, Failure, type Lookup, type Millis, type Terms } from "../../core/types.ts";
import { NO_BYTES } from "../../core/byte_window.ts";
import type { ClientRequest } from "../../server/protocol.ts";
import type { Output } from "../../server/output.ts";
import type { ArgumentList, Arguments } from "../parse/arguments.ts";
import { writeInteger } from "../replies.ts";
import { areFew, failureIn, readInParts, readKeys } from "./many_keys.ts";
import { writeFailure } from "./answers.ts";

export class Exists implements ClientRequest {
  /** @param args The command and its keys. `read` takes them. */
  constructor(readonly args: Arguments, readonly terms: Terms) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): number | Failure | Promise<number | Failure> {
    const { args } = this;
    const terms = { ...this.terms, window: NO_BYTES };
    if (!areFew(args)) return countAll(lookup, args.take(), terms);
    const found = readKeys(lookup, args, 1, args.count, now, terms);
    return found instanceof Promise ? found.then(count) : count(found);
  }

  reply(output: Output, found: number | Failure): void {
    if (found instanceof Failure) writeFailure(output, found);
    else writeInteger(output, found);
  }
}

function count(answers: readonly Answer[]): number | Failure {
  return failureIn(answers) ?? answers.filter((one) => one !== null).length;
}

/** Keeps only the number, not the values. */
async function countAll(
  lookup: Lookup,
  lists: readonly ArgumentList[],
  terms: Terms,
): Promise<number | Failure> {
  let total = 0;
  const failure = await readInParts(lookup, lists, terms, (part) => {
    const counted = count(part);
    if (counted instanceof Failure) return counted;
    total += counted;
    return undefined;
  });
  return failure ?? total;
}
