/**
 * The reply to EXEC: an array of the replies to the queued commands. Those that change on their way
 * to the client, such as that to CLIENT ID, change here too.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Framer } from "../origin/wire/framer.ts";
import type { Passable } from "./passable.ts";

/**
 * Returns the changed reply; null if nothing changes, because no queued command wants it or the
 * transaction was not executed.
 */
export function rewrittenExec(reply: Uint8Array, queued: readonly Passable[]): Uint8Array | null {
  if (queued.every(({ rewrite }) => rewrite === null)) return null;
  const head = `*${queued.length}\r\n`;
  if (Buffer.from(reply.subarray(0, head.length)).toString("latin1") !== head) return null;
  const parts: Uint8Array[] = [reply.subarray(0, head.length)];
  const framer = new Framer();
  let from = head.length;
  for (const request of queued) {
    const end = framer.scan(reply, from, reply.length);
    if (end < 0) return null;
    parts.push(request.rewritten(reply.subarray(from, end)));
    from = end;
  }
  return from === reply.length ? Buffer.concat(parts) : null;
}
