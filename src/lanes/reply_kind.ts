/**
 * The kind of a frame from Redis: an answer to a command, a confirmation of a subscription, or a
 * message that answers nothing. In RESP2 messages are plain arrays, so their first element decides.
 *
 * Source: https://redis.io/docs/latest/develop/pubsub/#format-of-pushed-messages
 *
 * @module
 */
import { Buffer } from "node:buffer";

/**
 * - `reply`: answers the oldest command without an answer
 * - `confirmation`: says that a subscription to one channel began or ended
 * - `message`: answers nothing
 */
export type FrameKind = "reply" | "confirmation" | "message";

const CONFIRMATION = /^[*>]3\r\n\$\d+\r\n([ps]?(?:un)?subscribe)\r\n/;
const MESSAGE = /^\*(?:3\r\n\$7\r\nmessage|4\r\n\$8\r\npmessage|3\r\n\$8\r\nsmessage)\r\n/;
const REMAINING = /\r\n:(\d+)\r\n$/;

/** The bytes at the start of a frame that show its kind. */
const HEAD_BYTES = 40;
/** The bytes at the end of a confirmation that show how many subscriptions remain. */
const TAIL_BYTES = 24;

const PUSH = 0x3e;
const MINUS = 0x2d;
const BANG = 0x21;

/**
 * Returns the kind of a frame that begins at `from`.
 *
 * @param isSubscribed Whether the connection has subscriptions or has requested one. Only then can
 * an array be a message.
 */
export function kindOf(
  bytes: Uint8Array,
  from: number,
  to: number,
  isSubscribed: boolean,
): FrameKind {
  const isPush = bytes[from] === PUSH;
  if (!isPush && !isSubscribed) return "reply";
  const head = latin1(bytes, from, Math.min(to, from + HEAD_BYTES));
  if (CONFIRMATION.test(head)) return "confirmation";
  return isPush || MESSAGE.test(head) ? "message" : "reply";
}

/**
 * Returns the command that a confirmation belongs to, and how many subscriptions of its kind
 * remain.
 */
export function confirmationOf(
  bytes: Uint8Array,
  from: number,
  to: number,
): { name: string; remaining: number } | null {
  const name = CONFIRMATION.exec(latin1(bytes, from, Math.min(to, from + HEAD_BYTES)))?.[1];
  const remaining = REMAINING.exec(latin1(bytes, Math.max(from, to - TAIL_BYTES), to))?.[1];
  return name === undefined || remaining === undefined ? null : { name, remaining: +remaining };
}

/** Whether a reply is an error. */
export function isError(bytes: Uint8Array, from: number): boolean {
  return bytes[from] === MINUS || bytes[from] === BANG;
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("latin1");
}
