/**
 * The errors by which Redis says "not now", and nothing of the key that was asked for.
 *
 * One list for all who ask: the cache keeps what it has and leaves the key alone for a while; HTTP
 * says 503 and when to come again, not 502; and what Redis says at connecting is tried again, not
 * taken for a refusal that lasts.
 *
 * @module
 */

import { Failure, type Fetched } from "./types.ts";

/**
 * Codes, each with what ends it:
 * - `LOADING`: the data set is in memory
 * - `BUSY`: a script that runs too long is over, or killed
 * - `MASTERDOWN`: a replica has its master again
 * - `READONLY`: a replica that refuses a script, for it might write, is replaced or made the master
 * - `CLUSTERDOWN`, `TRYAGAIN`: the slots are served, or have moved
 * - `ORIGINDOWN`, `ORIGINTIMEOUT`, `ORIGINBUSY`: another redis-proxy has its Redis again
 */
const NOT_NOW =
  /^(LOADING|BUSY|MASTERDOWN|READONLY|CLUSTERDOWN|TRYAGAIN|ORIGIN(DOWN|TIMEOUT|BUSY)) /;

/** Whether an error's message, code first, says "not now". */
export function isNotNow(message: string): boolean {
  return NOT_NOW.test(message);
}

/** Whether a failure is what Redis answers for this key, and not that it gives no answer now. */
export function isAboutKey({ reason, message }: Failure): boolean {
  return reason === "reply" && !isNotNow(message);
}

/** Whether Redis was asked, and said nothing or "not now". */
export function isTrouble(fetched: Fetched): fetched is Failure {
  if (!(fetched instanceof Failure)) return false;
  return fetched.reason === "timeout" || (fetched.reason === "reply" && !isAboutKey(fetched));
}
