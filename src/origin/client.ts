/**
 * The only file that makes ioredis clients. A client has one connection: it never reconnects and
 * queues nothing for later. The steps that ioredis takes by itself at connecting are off, because it
 * ignores refusals there and prints warnings. `Handshake` takes these steps instead.
 *
 * The reconnecting of ioredis is off too: it waits forever for a server that accepts and stays silent,
 * takes a half-open connection for a good one, and subscribes again with another id.
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
 * Loads ioredis late: the proxy serves clients before, and the health check never needs it.
 *
 * @throws {BrokenProgram} If it cannot be loaded.
 */
export async function loadClient(): Promise<typeof Redis> {
  try {
    return (await import("./ioredis.ts")).Redis;
  } catch (error) {
    throw new BrokenProgram(`Cannot load the client library: ${error}`);
  }
}

/** The last error of a client's socket. Waiting commands only learn that it is closed. */
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
    // A silent server would not answer a polite end either, and waiting commands must fail now.
    disconnectTimeout: 0,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    keepAlive: 30_000,
  });
  // The first error says why. Without a listener, ioredis prints errors.
  client.on("error", (error: Error) => {
    if (!socketErrors.has(client)) socketErrors.set(client, error);
  });
  return client;
}

/** Connects, including TLS. Rejects if that fails or takes longer than `timeout`. */
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

/** The client as its handshake uses it. ioredis knows SUBSCRIBE only in lower case. */
export function asked(client: Redis): Asked {
  return {
    call: (command, ...args) => client.call(command.toLowerCase(), ...args.map(argumentOf)),
  };
}

/** Returns an argument that ioredis writes byte by byte. */
function argumentOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

/** Returns why clients failed, in the proxy's words. */
export function reasonOf(error: Error, clients: readonly Redis[]): Error {
  if (isReply(error)) return error;
  const words = inOurWords(error);
  // A message of ioredis itself is not the cause.
  const cause = words === error ? undefined : clients.find((one) => socketErrors.has(one));
  return cause === undefined ? words : inOurWords(socketErrors.get(cause)!);
}

/** Returns how to connect: plain TCP by ioredis itself, everything else by `dial`. */
function wayTo(address: OriginAddress): Pick<RedisOptions, "host" | "port" | "Connector"> {
  const { socket, host, port, tls } = address;
  if (socket === null && tls === null) return { host, port };
  // Its type wants a class derived from a class of ioredis, which is not loaded yet.
  return { Connector: connectorTo(address) as unknown as RedisOptions["Connector"] };
}
