/**
 * Opens the connections of the lanes. A failure has the same words as that of a read from Redis.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { isNotNow } from "../core/redis_errors.ts";
import { Failure, type Millis } from "../core/types.ts";
import { greet, type Greeting, Refused } from "../lanes/greeting.ts";
import type { Opening } from "../lanes/mod.ts";
import type { OriginAddress } from "../origin/address.ts";
import { dial } from "../origin/dial.ts";
import type { Location } from "../origin/location.ts";
import { failureOf, lossOf } from "../origin/loss.ts";
import { Connection } from "../origin/wire/connection.ts";
import { within } from "../origin/within.ts";
import { inOurWords } from "../origin/words.ts";
import type { Backing } from "./backing.ts";

/** The connections for reads, reduced to the parts that are needed here. */
type Reads = Pick<Backing, "up" | "loss" | "state">;

/** Asks further questions of a new connection. */
type Prepare = (connection: Connection) => Promise<void>;

/** Opens a connection that is ready for use. Never rejects. */
export async function openLane(
  location: Location,
  opening: Opening,
  prepare: Prepare,
  timeout: Millis,
  reads: Reads,
): Promise<Connection | Failure> {
  const first = await attempt(location, opening, prepare, timeout);
  // The answer of Redis about a client's own user is for that client alone.
  if (!(first instanceof Failure) || opening.login !== null) return first;
  if (first.reason === "reply") {
    const isOwn = reads.state === "up" || isNotNow(first.message);
    return isOwn ? first : failureOf(reads.loss);
  }
  if (first.reason !== "away") return first;
  // Redis may be back in a moment, after a restart.
  return await reads.up() === null
    ? failureOf(reads.loss)
    : await attempt(location, opening, prepare, timeout);
}

async function attempt(
  location: Location,
  opening: Opening,
  prepare: Prepare,
  timeout: Millis,
): Promise<Connection | Failure> {
  const made: { connection?: Connection } = {};
  let isOver = false;
  const connect = async () => {
    const address = await location.find();
    const conn = await dial(address);
    if (isOver) return conn.close();
    made.connection = new Connection(conn, { purpose: "commands", isShared: opening.isShared });
    const database = opening.isForControl ? 0 : address.database;
    await greet(made.connection, { ...opening, own: loginOf(address), database });
    await prepare(made.connection);
  };
  try {
    await within(connect(), timeout);
    return made.connection!;
  } catch (error) {
    isOver = true;
    made.connection?.close("the handshake failed");
    return error instanceof Refused
      ? new Failure("reply", error.message)
      : failureOf(lossOf(inOurWords(error as Error)));
  }
}

/** Returns the proxy's credentials in UTF-8, each byte as a code unit; null if there are none. */
export function loginOf({ username, password }: OriginAddress): Greeting["own"] {
  if (password === null) return null;
  return { username: username === null ? null : bytesOf(username), password: bytesOf(password) };
}

function bytesOf(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
