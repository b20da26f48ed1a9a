/**
 * Our own words for the errors of ioredis and of the system: what a client or an operator reads is
 * true, and says nothing of a library's settings.
 *
 * @module
 */
import { Refused } from "./refusal.ts";

const OURS: readonly (readonly [RegExp, string])[] = [
  [/^Connection is closed\.$|^Stream isn't writeable.*/, "Redis closed the connection"],
  [/^Unknown RESP type.*/, "what answers there does not speak Redis's protocol"],
  [/^getaddrinfo ENOTFOUND (\S+).*/, "no host is named $1"],
  // Deno gives the errors of the system a number at the end.
  [/^(.*) \(os error \d+\)$/, "$1"],
];

/** An error that Redis sent before it was asked anything, as ioredis reports it. */
const UNASKED = /^Command queue state error.* Last error: (.+)$/s;

/** Returns an error in our own words. */
export function inOurWords(error: Error): Error {
  const unasked = UNASKED.exec(error.message);
  if (unasked !== null) return new Refused("connecting", unasked[1]!);
  const rule = OURS.find(([theirs]) => theirs.test(error.message));
  return rule === undefined ? error : new Error(error.message.replace(...rule));
}
