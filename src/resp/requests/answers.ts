/**
 * The reply to a read of one key.
 *
 * @module
 */
import { type Answer, Failure, type FailureReason } from "../../core/types.ts";
import type { ClientRequest } from "../../server/protocol.ts";
import type { Output } from "../../server/output.ts";
import { writeBulk, writeError } from "../replies.ts";

/** The first words of the proxy's own errors. Clients may rely on them. */
const CODES: Partial<Record<FailureReason, string>> = {
  away: "ORIGINDOWN",
  broken: "ORIGINBROKEN",
  busy: "ORIGINBUSY",
  refused: "ORIGINREFUSED",
  timeout: "ORIGINTIMEOUT",
};

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

/** Appends an error. One in the words of Redis begins with Redis's own code. */
export function writeFailure(output: Output, { reason, message }: Failure): void {
  const code = CODES[reason];
  writeError(output, code === undefined ? message : `${code} ${message}`);
}
