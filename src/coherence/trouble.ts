/**
 * What a failure says: something about its key, or that Redis itself is in trouble.
 *
 * @module
 */
import { Failure, type Fetched } from "../protocol.ts";

/** Error replies that say "not now" instead of anything about the key. */
const PASSING = /^(LOADING|MASTERDOWN|BUSY|CLUSTERDOWN|TRYAGAIN|READONLY) /;

/** Whether a failure is what Redis answers for this key, and not that it gives no answer now. */
export function isAboutKey({ reason, message }: Failure): boolean {
  return reason === "reply" && !PASSING.test(message);
}

/** Whether Redis was asked, and said nothing or "not now". */
export function isTrouble(fetched: Fetched): fetched is Failure {
  if (!(fetched instanceof Failure)) return false;
  return fetched.reason === "timeout" || (fetched.reason === "reply" && !isAboutKey(fetched));
}
