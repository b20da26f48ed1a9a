/**
 * The reply to a read of one key.
 *
 * @module
 */
import { errorOf } from "../../core/failure_error.ts";
import { type Answer, Failure } from "../../core/types.ts";
import type { ClientRequest } from "../../server/protocol.ts";
import type { Output } from "../../server/output.ts";
import { writeBulk, writeError } from "../replies.ts";

/** Appends a value, `nil` for a missing key, or an error. */
export function writeAnswer(output: Output, answer: Answer, nil: Uint8Array): void {
  if (answer === null) output.bytes(nil);
  else if (answer instanceof Failure) writeFailure(output, answer);
  else writeBulk(output, answer);
}

/** A request that failed before anything was sent. */
export function refuseFailure(failure: Failure): ClientRequest {
  return { last: false, read() {}, reply: (output) => writeFailure(output, failure) };
}

/** Appends the error for a failure. */
export function writeFailure(output: Output, failure: Failure): void {
  writeError(output, errorOf(failure));
}
