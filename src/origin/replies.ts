/**
 * The replies of Redis to reads, checked: a reply of a type that the command cannot have is an error
 * of the connection, never a value.
 *
 * @module
 */
import type { Redis } from "ioredis";
import { boundsOf, type ByteWindow } from "../core/byte_window.ts";
import { Failure, type Fetched, Found, type Key } from "../core/types.ts";
import { argumentOf } from "./argument.ts";
import { isReply } from "./handshake.ts";

/** A value for which there was no room in the first step. */
export class Large {
  /**
   * @param length Its length in bytes.
   * @param timeToLive For how long Redis keeps it, in milliseconds.
   * @param window The only bytes that are wanted of it; null for all.
   */
  constructor(
    readonly length: number,
    readonly timeToLive: number,
    readonly window: ByteWindow | null = null,
  ) {}

  /** The bytes that a read of it transfers, about. */
  get transfer(): number {
    if (this.window === null) return this.length;
    const { from, to } = boundsOf(this.window, this.length);
    return to - from;
  }
}

/** The result of the first step. */
export type Read = Fetched | Large;

/** The replies to a pipeline, each with its error. */
export type PipelineReplies = readonly [Error | null, unknown][];

/** Redis, or something in between, replied what the command cannot reply. */
export class WrongReply extends Error {
  constructor(command: string, wanted: string, reply: unknown) {
    super(`Redis replied to ${command} with ${nameOf(reply)}: wanted ${wanted}`);
  }
}

/** The reply of GET or GETRANGE: a value, or null for a missing key. */
export function valueOf(command: string, reply: unknown): Uint8Array | null {
  if (reply === null || reply instanceof Uint8Array) return reply;
  throw new WrongReply(command, "a bulk string", reply);
}

/** The reply of PTTL or STRLEN. */
export function integerOf(command: string, reply: unknown): number {
  if (Number.isSafeInteger(reply)) return reply as number;
  throw new WrongReply(command, "an integer", reply);
}

/** An array of a known length. */
export function arrayOf(command: string, reply: unknown, length: number): unknown[] {
  if (Array.isArray(reply) && reply.length === length) return reply;
  throw new WrongReply(command, `an array of ${length}`, reply);
}

/** What the script found of one key: see `scriptOf`. */
export function readOf(command: string, reply: unknown): Read {
  if (reply === null) return null;
  if (reply instanceof Uint8Array) return new Found(reply);
  const [value, timeToLive] = arrayOf(command, reply, 2);
  const left = remaining(integerOf(command, timeToLive));
  if (value === null) return null;
  return value instanceof Uint8Array
    ? new Found(value, left)
    : new Large(integerOf(command, value), left);
}

/** A value and its remaining time, by GET and PTTL. Throws what was lost. */
export function pairOf(replies: PipelineReplies, at: number): Fetched {
  const [error, reply] = replies[at]!;
  if (error !== null && !isReply(error)) throw error;
  if (error !== null) return new Failure("reply", error.message);
  const value = valueOf("GET", reply);
  const left = timeLeft(replies[at + 1]!);
  return value === null ? null : new Found(value, left ?? 0);
}

/**
 * The remaining time of a key by PTTL, in milliseconds; null of a missing one. One that Redis does
 * not tell is over. Throws what was lost.
 */
export function timeLeft([error, reply]: PipelineReplies[number]): number | null {
  if (error !== null && !isReply(error)) throw error;
  if (error !== null) return 0;
  const left = integerOf("PTTL", reply);
  return left === -2 ? null : remaining(left);
}

/** What was read of each key. Throws the first error. */
export function orThrow(found: readonly (Read | Error)[]): Read[] {
  const error = found.find((one) => one instanceof Error);
  if (error !== undefined) throw error;
  return found as Read[];
}

/** The replies to a pipeline of so many commands. */
export function repliesOf(replies: PipelineReplies | null, count: number): PipelineReplies {
  return arrayOf("a pipeline", replies, count) as [Error | null, unknown][];
}

/** Reads one key by GET, whatever its size; how long Redis keeps it is not known then. */
export async function readPlain(redis: Redis, key: Key): Promise<Fetched> {
  try {
    const value = valueOf("GET", await redis.getBuffer(argumentOf(key)));
    return value === null ? null : new Found(value);
  } catch (error) {
    if (isReply(error)) return new Failure("reply", error.message);
    throw error;
  }
}

/** Redis says -1 of a key without an end. */
function remaining(timeToLive: number): number {
  return timeToLive < 0 ? Infinity : timeToLive;
}

/** The type of a reply, in words. */
function nameOf(reply: unknown): string {
  if (reply === null) return "null";
  if (reply instanceof Uint8Array) return "a bulk string";
  if (Array.isArray(reply)) return `an array of ${reply.length}`;
  return typeof reply === "object" ? "a map" : `a ${typeof reply}`;
}
