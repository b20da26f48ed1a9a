/**
 * The only file that makes ioredis clients: each lives for one connection, is never repaired and
 * keeps nothing for later. All that ioredis would ask by itself at connecting is off: it passes over
 * what Redis refuses then, and prints warnings. See `Handshake` for what is asked instead.
 *
 * ioredis' own reconnecting is off too: it waits without end for a server that accepts and says
 * nothing, takes a half-open connection for a good one, and subscribes anew under another id.
 *
 * @module
 */
import type { Redis, RedisOptions } from "ioredis";
import { Buffer } from "node:buffer";
import { BrokenProgram } from "../core/broken_program.ts";
import type { Millis } from "../core/types.ts";
import type { OriginAddress } from "./address.ts";
import { type Asked, isReply, Silence } from "./handshake.ts";
import { connectorTo } from "./ioredis_connector.ts";
import { inOurWords } from "./words.ts";

export { display, type OriginAddress } from "./address.ts";

/**
 * Loads ioredis: clients are served before, and what never speaks to Redis, such as the health
 * check, does without.
 *
 * @throws {BrokenProgram} When it cannot be loaded.
 */
export async function loadClient(): Promise<typeof Redis> {
  try {
    return (await import("./ioredis.ts")).Redis;
  } catch (error) {
    throw new BrokenProgram(`Cannot load the client library: ${error}`);
  }
}

/** The last error of a client's socket: what waited for an answer is told only that it is closed. */
const socketErrors = new WeakMap<Redis, Error>();

/** Makes a client that is not connected yet. */
export function makeClient(Client: typeof Redis, address: OriginAddress): Redis {
  const client = new Client({
    ...wayTo(address),
    // ioredis 6 speaks RESP3 by default, but drops the invalidations that come with it.
    protocol: 2,
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    connectTimeout: 0,
    retryStrategy: () => null,
    // A silent server would not answer a polite end either: what waits must fail now.
    disconnectTimeout: 0,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    keepAlive: 30_000,
  });
  // The first one tells why; and without a listener ioredis prints them.
  client.on("error", (error: Error) => {
    if (!socketErrors.has(client)) socketErrors.set(client, error);
  });
  return client;
}

/** Connects, TLS included. Rejects when that fails, or takes longer than `timeout`. */
export async function connect(client: Redis, timeout: Millis): Promise<void> {
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    client.disconnect();
  }, timeout);
  try {
    await client.connect();
  } catch (error) {
    throw isLate ? new Silence(`no connection within ${timeout} ms`) : error;
  } finally {
    clearTimeout(limit);
  }
}

/** A client as its handshake asks it: ioredis knows SUBSCRIBE, and what comes of it, in small letters. */
export function asked(client: Redis): Asked {
  return {
    call: (command, ...args) => client.call(command.toLowerCase(), ...args.map(argumentOf)),
  };
}

/** An argument as ioredis writes it byte by byte. */
function argumentOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

/** Returns why clients failed, in our own words. */
export function reasonOf(error: Error, clients: readonly Redis[]): Error {
  if (isReply(error)) return error;
  const words = inOurWords(error);
  // Only what ioredis says itself is not the cause.
  const cause = words === error ? undefined : clients.find((one) => socketErrors.has(one));
  return cause === undefined ? words : inOurWords(socketErrors.get(cause)!);
}

/** How to connect: TCP in the clear by ioredis itself, all else by `dial`. */
function wayTo(address: OriginAddress): Pick<RedisOptions, "host" | "port" | "Connector"> {
  const { socket, host, port, tls } = address;
  if (socket === null && tls === null) return { host, port };
  // Its type wants a class derived from one of ioredis, which is not loaded yet.
  return { Connector: connectorTo(address) as unknown as RedisOptions["Connector"] };
}
