/**
 * The status of a read that failed. Source: RFC 9110 section 15.
 *
 * @module
 */
import { isNotNow } from "../core/redis_errors.ts";
import type { Failure } from "../core/types.ts";

/** The time after which to try again, in seconds (RFC 9110 section 10.2.3). */
export const RETRY_LINES = "Retry-After: 1\r\n";

/** Returns the status of a failure, and further lines of its reply. */
export function statusOf({ reason, message }: Failure): [502 | 503 | 504 | 409, string] {
  switch (reason) {
    case "away":
    case "busy":
    case "unready":
      return [503, RETRY_LINES];
    case "broken":
    case "refused":
      return [502, ""];
    case "timeout":
    case "uncached":
      return [504, ""];
    case "reply":
      if (message.startsWith("WRONGTYPE ")) return [409, ""];
      return isNotNow(message) ? [503, RETRY_LINES] : [502, ""];
  }
}
