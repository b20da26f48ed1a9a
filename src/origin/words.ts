/**
 * The proxy's words for errors of ioredis and of the system. Clients and operators never read about
 * the settings of a library.
 *
 * @module
 */
import { Refused } from "./refusal.ts";

const OURS: readonly (readonly [RegExp, string])[] = [
  [/^Connection is closed\.$|^Stream isn't writeable.*/, "Redis closed the connection"],
  [/^Unknown RESP type.*/, "what answers there does not speak Redis's protocol"],
  [/^getaddrinfo ENOTFOUND (\S+).*/, "no host is named $1"],
  // Deno appends a number to the errors of the system.
  [/^(.*) \(os error \d+\)$/, "$1"],
];

/** An error that Redis sent before any command, as ioredis reports it. */
const UNASKED = /^Command queue state error.* Last error: (.+)$/s;

/** Returns an error in the proxy's words. */
export function inOurWords(error: Error): Error {
  const unasked = UNASKED.exec(error.message);
  if (unasked !== null) return new Refused("connecting", unasked[1]!);
  const rule = OURS.find(([theirs]) => theirs.test(error.message));
  return rule === undefined ? error : new Error(error.message.replace(...rule));
}
