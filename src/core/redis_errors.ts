/**
 * The errors of Redis that mean "not now" and say nothing about the requested key.
 *
 * All rooms use this list. The cache keeps its entry and does not read the key for a while, HTTP
 * answers 503 with the time to retry instead of 502, and connecting is tried again instead of given
 * up.
 *
 * @module
 */

import { Failure, type Fetched } from "./types.ts";

/**
 * Codes, each with what ends it:
 * - `LOADING`: Redis has loaded its data
 * - `BUSY`: the slow script ends or is killed
 * - `MASTERDOWN`: the replica reaches its master again
 * - `READONLY`: the replica, which refuses scripts that might write, is replaced or becomes the
 *   master
 * - `CLUSTERDOWN`, `TRYAGAIN`: the slots are served again, or have moved
 * - `ORIGINDOWN`, `ORIGINTIMEOUT`, `ORIGINBUSY`: another redis-proxy has its Redis again
 */
const NOT_NOW =
  /^(LOADING|BUSY|MASTERDOWN|READONLY|CLUSTERDOWN|TRYAGAIN|ORIGIN(DOWN|TIMEOUT|BUSY)) /;

/** Whether an error's message, code first, says "not now". */
export function isNotNow(message: string): boolean {
  return NOT_NOW.test(message);
}

/** Whether an error's message says that a script keeps Redis busy. */
export function saysBusy(message: string): boolean {
  return message.startsWith("BUSY ");
}

/** Whether a failure is Redis's answer about this key, and not a temporary lack of an answer. */
export function isAboutKey({ reason, message }: Failure): boolean {
  return reason === "reply" && !isNotNow(message);
}

/** Whether Redis got the read and was silent or said "not now". */
export function isTrouble(fetched: Fetched): fetched is Failure {
  if (!(fetched instanceof Failure)) return false;
  return fetched.reason === "timeout" || (fetched.reason === "reply" && !isAboutKey(fetched));
}
