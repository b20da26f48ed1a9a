/**
 * The errors by which RESP clients learn of failures.
 *
 * @module
 */
import type { Failure, FailureReason } from "./types.ts";

/** The first words of the proxy's own errors. Clients may rely on them. */
const CODES: Partial<Record<FailureReason, string>> = {
  away: "ORIGINDOWN",
  broken: "ORIGINBROKEN",
  busy: "ORIGINBUSY",
  refused: "ORIGINREFUSED",
  timeout: "ORIGINTIMEOUT",
};

/** Returns the message of an error, code first. One in the words of Redis has Redis's own code. */
export function errorOf({ reason, message }: Failure): string {
  const code = CODES[reason];
  return code === undefined ? message : `${code} ${message}`;
}

/** Returns an error reply with this message. Line breaks would end it early: they become blanks. */
export function errorReply(message: string): string {
  return `-${message.replace(/[\r\n]/g, " ")}\r\n`;
}
