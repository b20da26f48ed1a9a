/**
 * The reason why there is no connection to Redis, and the error that clients get then. Pure, and
 * the same for every kind of connection.
 *
 * @module
 */
import { isNotNow } from "../core/redis_errors.ts";
import { SILENT } from "../core/silence.ts";
import { Failure } from "../core/types.ts";
import { isReply, Silence } from "./handshake.ts";
import { Refused } from "./refusal.ts";

/**
 * Why there is no connection, or why the last one went away:
 * - `away`: Redis cannot be reached, or the connection ended
 * - `timeout`: Redis stays silent, in a read or while the proxy connects
 * - `unready`: Redis says "not now"; the message is its own
 * - `refused`: Redis refuses this proxy, until somebody changes something
 */
export interface Loss {
  readonly reason: "away" | "timeout" | "unready" | "refused";
  readonly message: string;
  /** What to do about it, if that is known. */
  readonly advice?: string;
}

/** Returns the loss for an error of connecting. */
export function lossOf(error: unknown): Loss {
  const { message } = error as Error;
  if (isReply(error) && isNotNow(message)) return { reason: "unready", message };
  if (error instanceof Silence) return { reason: "timeout", message };
  if (!(error instanceof Refused)) return { reason: "away", message };
  if (error.isPassing) return { reason: "unready", message: error.reply };
  return { reason: "refused", message, advice: error.advice };
}

/** Returns the failure of a read without a connection. */
export function failureOf({ reason, message }: Loss): Failure {
  return new Failure(reason, messageOf(reason, message));
}

function messageOf(reason: Loss["reason"], message: string): string {
  switch (reason) {
    case "away":
      return `Redis is away: ${message}`;
    case "timeout":
      return SILENT;
    case "unready":
      return message;
    case "refused":
      return `Redis refuses this proxy: ${message}`;
  }
}
