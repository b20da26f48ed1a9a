/**
 * The reply to CLUSTER SLOTS as bytes. Nodes give the same reply again and again, and mostly all the
 * same one, so each is read once.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type Connection, Lost } from "../../origin/wire/connection.ts";
import { requestOf } from "../../origin/wire/outbox.ts";
import { parseReply, ReplyError } from "../../origin/wire/reply.ts";
import { readSlots, type Shares, sharesOf } from "./slots_reply.ts";

/** A reply, and what it says. Equal replies from one host are one object. */
export interface SlotsText {
  readonly bytes: Uint8Array;
  /** The host that replied. */
  readonly host: string;
  readonly shares: Shares;
}

/** The last different replies. While the cluster changes, nodes do not all say the same. */
const recent: SlotsText[] = [];
const RECENT = 8;

const REQUEST = requestOf("CLUSTER", "SLOTS");

/**
 * Asks a node.
 *
 * @throws {Error} When it refuses, or the connection is lost.
 */
export function askSlots(connection: Connection, host: string): Promise<SlotsText> {
  const { promise, resolve, reject } = Promise.withResolvers<SlotsText>();
  connection.send(REQUEST, 1, {
    reply(bytes, from, to) {
      try {
        resolve(read(bytes.subarray(from, to), host));
      } catch (error) {
        reject(error);
      }
    },
    lost: () => reject(new Lost(connection.loss ?? "")),
  });
  return promise;
}

function read(bytes: Uint8Array, host: string): SlotsText {
  const known = recent.find((one) => one.host === host && Buffer.compare(one.bytes, bytes) === 0);
  if (known !== undefined) return known;
  const reply = parseReply(bytes);
  if (reply instanceof ReplyError) throw reply;
  const text = { bytes: bytes.slice(), host, shares: sharesOf(readSlots(reply, host)) };
  recent.unshift(text);
  recent.length = Math.min(recent.length, RECENT);
  return text;
}
