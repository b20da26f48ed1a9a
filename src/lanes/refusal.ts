/**
 * Replies by which a node of a cluster sends a request elsewhere.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** By the last reply, a node of a cluster did not execute a command, or a transaction. */
const REFUSAL = /(?:^|\n)-(?:MOVED|ASK|TRYAGAIN|CLUSTERDOWN|EXECABORT) [^\r]*\r\n$/;

/**
 * Whether the last reply to a request says that nothing of the request was executed. Then nothing has
 * changed, so the request need not wait for announcements of changes before it is sent on.
 */
export function isRefusal({ buffer, byteOffset, length }: Uint8Array): boolean {
  return REFUSAL.test(Buffer.from(buffer, byteOffset, length).toString("latin1"));
}
