/**
 * Opens connections to Redis.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";
import type { OriginAddress } from "./address.ts";
import { dial, type OriginConn } from "./dial.ts";
import { Handshake, Silence } from "./handshake.ts";
import type { Closings } from "./wire/closings.ts";
import { explainTls } from "./tls_errors.ts";
import { Connection } from "./wire/connection.ts";
import { inOurWords } from "./words.ts";

/** A connection and its handshake. */
export interface Opened {
  readonly connection: Connection;
  readonly handshake: Handshake;
}

/**
 * Connects, including TLS.
 *
 * @param timeout The longest time for that, and then for each answer of the handshake.
 * @throws {Error} If Redis is unreachable.
 */
export async function open(
  address: OriginAddress,
  timeout: Millis,
  closings: Closings,
): Promise<Opened> {
  const connection = new Connection(await dialWithin(address, timeout), {
    purpose: "reads",
    explain: (error) => inOurWords(explainTls(error, address)).message,
  });
  return { connection, handshake: new Handshake(connection, timeout, closings) };
}

async function dialWithin(address: OriginAddress, timeout: Millis): Promise<OriginConn> {
  const late = new AbortController();
  const limit = setTimeout(() => late.abort(), timeout);
  const dialing = dial(address, late.signal);
  const givenUp = new Promise<never>((_, reject) => {
    late.signal.addEventListener("abort", () => {
      reject(new Silence(`no connection within ${timeout} ms`));
      dialing.then((conn) => conn.close(), () => {/* There never was one. */});
    });
  });
  try {
    return await Promise.race([dialing, givenUp]);
  } catch (error) {
    throw inOurWords(named(error as Error, address));
  } finally {
    clearTimeout(limit);
  }
}

/** Names the place in an error of the system, as Node does: "connect ECONNREFUSED 127.0.0.1:6379". */
function named(error: Error, { socket, host, port }: OriginAddress): Error {
  const { code } = error as { code?: unknown };
  if (socket !== null || typeof code !== "string" || code === "ENOTFOUND") return error;
  return new Error(`connect ${code} ${host}:${port}`);
}
