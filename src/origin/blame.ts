/**
 * Says why a key cannot be read although Redis answers: its reply breaks the connection, or is not a
 * reply to a read.
 *
 * @module
 */
import type { Log } from "../core/log.ts";
import type { Stats } from "../core/stats.ts";
import { Failure } from "../core/types.ts";
import { WrongReply } from "./replies.ts";

/** The advice if Redis closes the connection at a value. */
const SETTINGS = "look at client-output-buffer-limit and maxmemory-clients of Redis, " +
  "or at proxies between Redis and this one";

export class Blame {
  constructor(readonly log: Log, readonly stats: Stats) {}

  /**
   * Returns the failure of a key that could not be read twice.
   *
   * @param length The length of its value in bytes, if it is known.
   */
  failureOf(error: Error, length?: number): Failure {
    const size = length === undefined ? "" : ` of ${length} bytes`;
    const message = error instanceof WrongReply
      ? error.message
      : `The connection to Redis ends whenever this value${size} is read (${error.message}): ` +
        SETTINGS;
    return this.#broken(message);
  }

  /** Returns the failure of keys that this program could not read because of a fault of its own. */
  faultOf(error: Error): Failure {
    return this.#broken(`Unexpected error: ${error.message}`);
  }

  #broken(message: string): Failure {
    this.stats.originBroken++;
    this.log.warn("Cannot read a value from Redis", { why: message });
    return new Failure("broken", message);
  }
}
