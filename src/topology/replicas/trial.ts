/**
 * Tries a replica before it is used: whether it can be reached, follows this master, and how far away
 * it is.
 *
 * @module
 */
import type { Millis } from "../../core/types.ts";
import type { OriginAddress } from "../../origin/address.ts";
import { authenticate } from "../../origin/greeting.ts";
import { open } from "../../origin/open.ts";
import { Closings } from "../../origin/wire/closings.ts";
import type { Connection } from "../../origin/wire/connection.ts";
import { ReplyError } from "../../origin/wire/reply.ts";
import { within } from "../../origin/within.ts";
import { replicaRole, streamOf } from "./roles.ts";

/** A replica that may be used. */
export interface Candidate {
  readonly address: OriginAddress;
  /** The time of a round trip to it. */
  readonly distance: Millis;
}

/** The master that a replica must follow. */
export interface Followed {
  readonly stream: string;
  readonly offset: number;
}

/** The fastest of so many round trips counts. */
const TRIPS = 3;

/** A replica that lags a little is asked again so often, with a pause. */
const PATIENCE = 5;
const PAUSE: Millis = 10;

/**
 * Tries a replica.
 *
 * @throws {Error} Why it cannot be used.
 */
export async function tryReplica(
  address: OriginAddress,
  { stream, offset }: Followed,
  timeout: Millis,
): Promise<Candidate> {
  const { connection, handshake } = await open(address, timeout, new Closings());
  try {
    await authenticate(handshake, address);
    if (address.isReadOnly) await handshake.must("READONLY");
    if (streamOf(await handshake.must("INFO", "replication")) !== stream) {
      throw new Error("it follows another master");
    }
    for (let attempt = 0;; attempt++) {
      const applied = replicaRole(await handshake.must("ROLE"))?.offset;
      if (applied === undefined) throw new Error("it is not connected to its master");
      if (applied >= offset) break;
      if (attempt === PATIENCE) throw new Error(`it is ${offset - applied} bytes behind`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
    return { address, distance: await distanceOf(connection, timeout) };
  } finally {
    connection.close("it was tried");
  }
}

/** The time of a round trip. A refusal takes as long as an answer. */
export async function distanceOf(connection: Connection, timeout: Millis): Promise<Millis> {
  let least: Millis = Infinity;
  for (let trip = 0; trip < TRIPS; trip++) {
    const sentAt = performance.now();
    await within(connection.call("PING"), timeout).catch((error) => {
      if (!(error instanceof ReplyError)) throw error;
    });
    least = Math.min(least, performance.now() - sentAt);
  }
  return least;
}
