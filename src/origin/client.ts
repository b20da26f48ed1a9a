/**
 * The only file that makes ioredis clients: each lives for one connection, is never repaired and
 * keeps nothing for later.
 *
 * ioredis' own reconnecting is off: it waits without end for a server that accepts and says
 * nothing, takes a half-open connection for a good one, and subscribes anew under another id.
 *
 * @module
 */
import type { Redis, RedisOptions } from "ioredis";
import type { Millis } from "../core/types.ts";
import type { OriginAddress } from "./address.ts";
import { connectorTo } from "./connector.ts";

export { display, type OriginAddress } from "./address.ts";

/**
 * Loads ioredis: clients are served before, and what never speaks to Redis, such as the health
 * check, does without. Rejects only where the program itself is broken.
 */
export async function loadClient(): Promise<typeof Redis> {
  return (await import("./ioredis.ts")).Redis;
}

/** Makes a client that is not connected yet. */
export function makeClient(
  Client: typeof Redis,
  address: OriginAddress,
  name: string,
  timeout: Millis,
): Redis {
  const { username, password, database } = address;
  return new Client({
    ...wayTo(address),
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    db: database,
    // ioredis 6 speaks RESP3 by default, but drops the invalidations that come with it.
    protocol: 2,
    connectionName: name,
    connectTimeout: timeout,
    lazyConnect: true,
    retryStrategy: () => null,
    // A silent server would not answer a polite end either: what waits must fail now.
    disconnectTimeout: 0,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    keepAlive: 30_000,
  });
}

/** How to connect: TCP in the clear by ioredis itself, all else by `dial`. */
function wayTo(address: OriginAddress): Pick<RedisOptions, "host" | "port" | "Connector"> {
  const { socket, host, port, tls } = address;
  if (socket === null && tls === null) return { host, port };
  // Its type wants a class derived from one of ioredis, which is not loaded yet.
  return { Connector: connectorTo(address) as unknown as RedisOptions["Connector"] };
}

/** Whether an error is what Redis replied, and not that there was no reply. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === "ReplyError";
}

/** The version of a server; null when it does not tell, for lack of a permission or because it goes. */
export async function versionOf(redis: Redis): Promise<string | null> {
  try {
    return /^redis_version:([\w.-]+)/m.exec(await redis.info("server"))?.[1] ?? null;
  } catch {
    return null;
  }
}
