/**
 * Replies by which a node of a cluster sends a request elsewhere.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** By the last reply, a node of a cluster did not execute a command, or a transaction. */
const REFUSAL = /(?:^|\n)-(?:MOVED|ASK|TRYAGAIN|CLUSTERDOWN|EXECABORT) [^\r]*\r\n$/;

/**
 * Whether replies that end with an error say that nothing was executed. Then there is no change to
 * wait for, and the request is sent on before later ones.
 */
export function isRefusal({ buffer, byteOffset, length }: Uint8Array): boolean {
  return REFUSAL.test(Buffer.from(buffer, byteOffset, length).toString("latin1"));
}
