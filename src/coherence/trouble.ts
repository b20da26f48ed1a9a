/**
 * What a failure says: something about its key, or that Redis itself is in trouble.
 *
 * @module
 */
import { isNotNow } from "../not_now.ts";
import { Failure, type Fetched } from "../protocol.ts";

/** Whether a failure is what Redis answers for this key, and not that it gives no answer now. */
export function isAboutKey({ reason, message }: Failure): boolean {
  return reason === "reply" && !isNotNow(message);
}

/** Whether Redis was asked, and said nothing or "not now". */
export function isTrouble(fetched: Fetched): fetched is Failure {
  if (!(fetched instanceof Failure)) return false;
  return fetched.reason === "timeout" || (fetched.reason === "reply" && !isAboutKey(fetched));
}
