/**
 * The reply to EXEC: an array of the replies to the queued commands. Those that change on their way
 * to the client, such as that to CLIENT ID, change here too. CLIENT REPLY leaves out the replies
 * after it, and its own, though the length of the array counts them: that is what Redis sends.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Framer } from "../origin/wire/framer.ts";
import type { Passable } from "./passable.ts";

/** The reply to EXEC as the client gets it. */
export interface ExecReply {
  readonly bytes: Uint8Array;
  /** Whether all later replies are left out. */
  readonly isOff: boolean;
  /** Whether the next reply is left out. */
  readonly skipsNext: boolean;
}

/** Whether a queued command leaves out replies. */
export function cutsReplies({ name, option }: Passable): boolean {
  return name === "client|reply" && (option === "off" || option === "skip");
}

/**
 * Returns the changed reply; null if nothing changes, because no queued command wants it or the
 * transaction was not executed.
 */
export function execReplyOf(reply: Uint8Array, queued: readonly Passable[]): ExecReply | null {
  if (queued.every((one) => one.rewrite === null && !cutsReplies(one))) return null;
  const head = `*${queued.length}\r\n`;
  if (Buffer.from(reply.subarray(0, head.length)).toString("latin1") !== head) return null;
  const parts: Uint8Array[] = [reply.subarray(0, head.length)];
  const framer = new Framer();
  let [isOff, skipsNext] = [false, false];
  let from = head.length;
  for (const request of queued) {
    const end = framer.scan(reply, from, reply.length);
    if (end < 0) return null;
    const isCut = cutsReplies(request);
    if (request.name === "client|reply" && request.option === "on") isOff = false;
    if (isCut && request.option === "skip") skipsNext ||= !isOff;
    if (isCut && request.option === "off") isOff = true;
    if (!isCut && !isOff) parts.push(request.rewritten(reply.subarray(from, end)));
    from = end;
  }
  return from === reply.length ? { bytes: Buffer.concat(parts), isOff, skipsNext } : null;
}
