/**
 * Limits on requests: those of redis-server, except where less is enough for a read cache.
 *
 * @module
 */

/** Limits on what a client may send. */
export interface RespLimits {
  /** Length of one argument, in bytes. It follows the setting of Redis. */
  bulkBytes: number;
  /** Arguments in one request. */
  readonly argumentCount: number;
  /** Length of an inline command, and of a count or length line, in bytes. */
  readonly inlineBytes: number;
  /** Length of a request that is collected until it is complete, in bytes. */
  readonly requestBytes: number;
}

/** The limits of redis-server. A request that is collected has a lower one: it holds only keys. */
export const RESP_LIMITS: RespLimits = {
  bulkBytes: 512 * 1024 * 1024,
  argumentCount: 2 ** 31 - 1,
  inlineBytes: 64 * 1024,
  requestBytes: 16 * 1024 * 1024,
};

/** Arguments of a request, and their bytes together, unless all of them are keys. */
export const OPTION_COUNT = 1024;
export const OPTION_BYTES = 128 * 1024;

/** Longest key among several, in bytes. */
export const KEY_BYTES = 128 * 1024;

/** Total length of the values in one reply of MGET, in bytes. A single value may be longer. */
export const REPLY_BYTES = 64 * 1024 * 1024;

/**
 * The most keys of one request, and their bytes, that are read before other clients have a turn.
 */
export const TURN_KEYS = 1024;
export const TURN_KEY_BYTES = 64 * 1024;

/** The limits of redis-server before a client has authenticated. */
export const STRANGER_ARGUMENTS = 10;
export const STRANGER_BULK_BYTES = 16 * 1024;
