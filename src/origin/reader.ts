/**
 * Reads keys over one connection: two short commands for each key, all in one write. PTTL returns the
 * remaining time to live, and whether the key exists. GETRANGE returns the value, or enough of it to
 * know that it is large. No command names two keys, so this would work in a cluster too.
 *
 * PTTL comes first: when the value comes, everything is known, and it can be stored from where it
 * lies. The two commands need not be atomic: PTTL makes Redis track the key, so Redis announces a
 * change in between, and the answer is not cached.
 *
 * If GETRANGE or STRLEN is not allowed, GET returns the value of any size. If PTTL is not allowed, only
 * GET is sent, and the time to live is unknown.
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
  /** @param isTimed Whether the remaining time to live is needed. */
  constructor(
    readonly connection: Connection,
    readonly method: ReadMethod,
    readonly isTimed: boolean,
  ) {}

  /**
   * Reads keys, all in one write.
   *
   * @param limit The largest value to read at once, in bytes, if the method can limit it.
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
 * Finds out which method the server allows.
 *
 * @param key A key that does not exist.
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
 * Finds out whether the server allows the commands to read large values in pieces.
 *
 * @param key A key that does not exist.
 */
export async function mayWatch(handshake: Handshake, key: Key): Promise<boolean> {
  // One after the other, because some servers close the connection at an unknown command. EXEC alone
  // is an error, but one that shows that it exists.
  return await handshake.allows("WATCH", key) && await handshake.allows("EXEC") &&
    (await Promise.all([handshake.allows("MULTI"), handshake.allows("EXEC")]))[0];
}

/** The last arguments, and their limit. The limit seldom changes. */
let range = bytesOf("");
let rangeLimit = NaN;

/** Arguments of GETRANGE for one byte more than the limit, if there are so many. */
function rangeTo(limit: number): Uint8Array {
  if (limit !== rangeLimit) {
    const last = String(limit);
    range = bytesOf(`$1\r\n0\r\n$${last.length}\r\n${last}\r\n`);
    rangeLimit = limit;
  }
  return range;
}
