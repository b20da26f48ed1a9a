/**
 * How keys are read over one connection: two short commands for each, all in one write. PTTL says for
 * how long Redis keeps a key, and whether it exists. GETRANGE brings its value, or so much of it that
 * it is known to be large. No command names more than one key, so that this works in a cluster too.
 *
 * PTTL comes first: when the value comes, all is known, and it can be kept from where it lies. That
 * the two are not one step does no harm: PTTL has Redis track the key, so a change in between is
 * told, and the answer is not kept.
 *
 * Where GETRANGE or STRLEN is not allowed, GET brings the value, whatever its size. Where PTTL is
 * not, GET alone is asked, and how long Redis keeps a value is not known.
 *
 * @module
 */
import type { Key } from "../core/types.ts";
import type { Handshake } from "./handshake.ts";
import { Reading, type ReadListener, type ReadMethod } from "./reading.ts";
import type { Connection } from "./wire/connection.ts";
import { bytesOf } from "./wire/outbox.ts";

const PTTL = bytesOf("*2\r\n$4\r\nPTTL\r\n");
const GET = bytesOf("*2\r\n$3\r\nGET\r\n");
const GETRANGE = bytesOf("*4\r\n$8\r\nGETRANGE\r\n");

export class Reader {
  /** @param isTimed Whether it matters how long Redis keeps a value. */
  constructor(
    readonly connection: Connection,
    readonly method: ReadMethod,
    readonly isTimed: boolean,
  ) {}

  /**
   * Reads keys, all in one write.
   *
   * @param limit Largest value that comes at once, in bytes, where that can be told beforehand.
   */
  read(keys: readonly Key[], limit: number, listener: ReadListener): void {
    const { connection, method } = this;
    const { out } = connection;
    const range = rangeTo(limit);
    for (const key of keys) {
      if (method !== "plain") {
        out.bytes(PTTL);
        out.bulk(key);
      }
      out.bytes(method === "bounded" ? GETRANGE : GET);
      out.bulk(key);
      if (method === "bounded") out.bytes(range);
    }
    const replies = (method === "plain" ? 1 : 2) * keys.length;
    connection.expect(replies, new Reading(connection, method, limit, this.isTimed, listener));
  }
}

/**
 * Finds out which way the server allows.
 *
 * @param key A key that nobody has.
 */
export async function chooseMethod(handshake: Handshake, key: Key): Promise<ReadMethod> {
  const [hasTime, hasRange, hasLength] = await Promise.all([
    handshake.allows("PTTL", key),
    handshake.allows("GETRANGE", key, "0", "0"),
    handshake.allows("STRLEN", key),
  ]);
  if (!hasTime) return "plain";
  return hasRange && hasLength ? "bounded" : "timed";
}

/**
 * Finds out whether the server allows what reading large values in pieces needs.
 *
 * @param key A key that nobody has.
 */
export async function mayWatch(handshake: Handshake, key: Key): Promise<boolean> {
  // One after the other: some servers close the connection at what they do not know. EXEC alone is
  // an error, but one that says that it is there.
  return await handshake.allows("WATCH", key) && await handshake.allows("EXEC") &&
    (await Promise.all([handshake.allows("MULTI"), handshake.allows("EXEC")]))[0];
}

/** Arguments of GETRANGE that bring one byte more than the limit, if there are so many. */
function rangeTo(limit: number): Uint8Array {
  const last = String(limit);
  return bytesOf(`$1\r\n0\r\n$${last.length}\r\n${last}\r\n`);
}
