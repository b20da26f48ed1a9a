/**
 * How much a client may send, in the numbers of redis-server where nothing speaks against them.
 *
 * @module
 */

/** Bounds on what a client may send, in the units of the names. */
export interface RespLimits {
  /** Length of one argument, in bytes. */
  readonly bulkBytes: number;
  /** Arguments in one request. */
  readonly argumentCount: number;
  /** Length of an inline command, and of a count or length line, in bytes. */
  readonly inlineBytes: number;
  /** Length of a request that is kept until it is complete, in bytes. */
  readonly requestBytes: number;
}

/** What redis-server allows, but for a request: no keys of a cache add up to its gigabyte. */
export const RESP_LIMITS: RespLimits = {
  bulkBytes: 512 * 1024 * 1024,
  argumentCount: 1024 * 1024,
  inlineBytes: 64 * 1024,
  requestBytes: 16 * 1024 * 1024,
};

/** Length of the values in the reply to one request for several, in bytes. A single one may be longer. */
export const REPLY_BYTES = 64 * 1024 * 1024;

/** Keys of one request that are read on end before the others have a turn. */
export const TURN_KEYS = 1024;

/** What redis-server takes from a client that it does not know yet: enough to authenticate. */
export const STRANGER_ARGUMENTS = 10;
export const STRANGER_BULK_BYTES = 16 * 1024;
