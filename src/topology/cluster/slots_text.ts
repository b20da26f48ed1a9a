/**
 * The reply to CLUSTER SLOTS as bytes. A node gives the same reply again and again, so it is read
 * once. The replies of all nodes mostly mean the same, though each node may list the replicas in
 * another order.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type Connection, Lost } from "../../origin/wire/connection.ts";
import { requestOf } from "../../origin/wire/outbox.ts";
import { parseReply, ReplyError } from "../../origin/wire/reply.ts";
import { readSlots, type Shares, sharesOf } from "./slots_reply.ts";

/** A reply, and what it says. */
export interface SlotsText {
  readonly bytes: Uint8Array;
  /** The host that replied, if the reply leaves a host out; otherwise null. */
  readonly host: string | null;
  /** Replies that name the same masters for the same slots have one object. */
  readonly shares: Shares;
}

/** The last different replies. While the cluster changes, nodes do not all say the same. */
const recent: SlotsText[] = [];
const RECENT = 8;

const REQUEST = requestOf("CLUSTER", "SLOTS");

/**
 * Asks a node.
 *
 * @param last What it said last; null if it was not asked before.
 * @throws {Error} When it refuses, or the connection is lost.
 */
export function askSlots(
  connection: Connection,
  host: string,
  last: SlotsText | null = null,
): Promise<SlotsText> {
  const { promise, resolve, reject } = Promise.withResolvers<SlotsText>();
  connection.send(REQUEST, 1, {
    reply(bytes, from, to) {
      try {
        resolve(readText(bytes.subarray(from, to), host, last));
      } catch (error) {
        reject(error);
      }
    },
    lost: () => reject(new Lost(connection.loss ?? "")),
  });
  return promise;
}

/** Reads the bytes of a reply, unless they were read before. */
export function readText(bytes: Uint8Array, host: string, last: SlotsText | null): SlotsText {
  const isKnown = (one: SlotsText) =>
    (one.host === null || one.host === host) && Buffer.compare(one.bytes, bytes) === 0;
  const known = last !== null && isKnown(last) ? last : recent.find(isKnown);
  if (known !== undefined) return known;
  const reply = parseReply(bytes);
  if (reply instanceof ReplyError) throw reply;
  const ranges = readSlots(reply, host);
  const read = sharesOf(ranges);
  const alike = [last, ...recent].find((one) => one !== null && isEqual(one.shares, read));
  const text = {
    bytes: bytes.slice(),
    host: ranges.every(({ isNamed }) => isNamed) ? null : host,
    shares: alike?.shares ?? read,
  };
  recent.unshift(text);
  recent.length = Math.min(recent.length, RECENT);
  return text;
}

function isEqual(one: Shares, other: Shares): boolean {
  if (one.size !== other.size) return false;
  for (const [name, ranges] of one) {
    const others = other.get(name);
    const isSame = others?.length === ranges.length && ranges.every(({ first, last, id }, at) => {
      const range = others[at]!;
      return range.first === first && range.last === last && range.id === id;
    });
    if (!isSame) return false;
  }
  return true;
}
