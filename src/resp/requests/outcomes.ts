/**
 * What a client is told about the outcome of a read.
 *
 * @module
 */
import { Entry, type Failure, type FailureReason, type Outcome } from "../../core/types.ts";
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
export function writeOutcome(output: Output, outcome: Outcome, nil: Uint8Array): void {
  if (outcome instanceof Entry) writeBulk(output, outcome.value);
  else if (outcome === null) output.bytes(nil);
  else writeFailure(output, outcome);
}

/** A request that failed before it was made. */
export function refuseFailure(failure: Failure): ClientRequest {
  return { last: false, read() {}, reply: (output) => writeFailure(output, failure) };
}

/** Appends an error. One in the words of Redis begins with Redis's own code. */
export function writeFailure(output: Output, { reason, message }: Failure): void {
  const code = CODES[reason];
  writeError(output, code === undefined ? message : `${code} ${message}`);
}
