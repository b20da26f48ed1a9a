/**
 * The only file that makes ioredis clients: each lives for one connection, is never repaired and
 * keeps nothing for later.
 *
 * ioredis' own reconnecting is off: it waits without end for a server that accepts and says
 * nothing, takes a half-open connection for a good one, and subscribes anew under another id.
 *
 * @module
 */
import type { Redis } from "ioredis";
import type { Millis } from "../core/types.ts";

/** Where the backing Redis is, and as whom to speak to it. */
export interface OriginAddress {
  readonly host: string;
  readonly port: number;
  readonly username: string | null;
  readonly password: string | null;
  readonly database: number;
  readonly tls: boolean;
  /** Certificates to trust instead of the usual ones, as PEM text. */
  readonly certificateAuthority: string | null;
}

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
  const { host, port, username, password, database, tls, certificateAuthority } = address;
  return new Client({
    host,
    port,
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    db: database,
    ...(tls ? { tls: certificateAuthority === null ? {} : { ca: certificateAuthority } } : {}),
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

/** The address as a log may show it: without the password. */
export function display({ host, port, database, tls }: OriginAddress): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return `${tls ? "rediss" : "redis"}://${name}:${port}/${database}`;
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
