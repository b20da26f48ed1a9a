/**
 * The connection to the backing Redis: made, watched, and when it is lost replaced by a new one,
 * never repaired. The only file that makes ioredis clients.
 *
 * ioredis' own reconnecting is off: it waits without end for a server that accepts and says
 * nothing, and takes a half-open connection for a good one.
 *
 * @module
 */
import "./environment.ts";
import { Redis } from "ioredis";
import type { Millis } from "../protocol.ts";
import type { Log } from "../log.ts";

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

/** Shortest and longest pause before the next attempt to connect. */
const PAUSE_MIN: Millis = 50;
const PAUSE_MAX: Millis = 1000;

/** Why there is no connection, or why the one there was went away. */
export interface Loss {
  readonly reason: "away" | "timeout";
  readonly message: string;
}

export class Link {
  /** The connection, while there is one. */
  #redis: Redis | null = null;
  #loss: Loss = { reason: "away", message: "not connected yet" };
  /** The attempt to connect that is under way. */
  #attempt: Promise<Redis | null> | null = null;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #closed = false;
  #version: string | null = null;

  /** @param timeout How long connecting and the handshake may take. */
  constructor(readonly address: OriginAddress, readonly timeout: Millis, readonly log: Log) {}

  /** The connection while it is up, else null. */
  get redis(): Redis | null {
    return this.#redis;
  }

  /** Why there is no connection now, or why the last one was lost. */
  get loss(): Loss {
    return this.#loss;
  }

  /** The version that the server gave itself out as, last time; null until it first did. */
  get version(): string | null {
    return this.#version;
  }

  /** Connects, and stays so until `close`. */
  open(): void {
    this.#attempt = this.#connect().finally(() => this.#attempt = null);
  }

  /**
   * The connection; waits for an attempt that is under way, but not for the next one: between two
   * attempts, it is null at once.
   */
  up(): Promise<Redis | null> {
    return this.#attempt ?? Promise.resolve(this.#redis);
  }

  /** Ends the connection for good. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#pause);
    this.#redis?.disconnect();
  }

  /** Gives the connection up, for it is silent; what waits for an answer fails. */
  giveUp(loss: Loss): void {
    if (this.#redis !== null) this.#lose(this.#redis, loss);
  }

  async #connect(): Promise<Redis | null> {
    const redis = this.#client();
    let why = "";
    redis.on("error", (error: Error) => why = error.message);
    const limit = setTimeout(() => {
      why ||= `no answer within ${this.timeout} ms`;
      redis.disconnect();
    }, this.timeout);
    try {
      await redis.connect();
    } catch (error) {
      redis.disconnect();
      this.#retry({ reason: "away", message: why || (error as Error).message });
      return null;
    } finally {
      clearTimeout(limit);
    }
    if (this.#closed) {
      redis.disconnect();
      return null;
    }
    redis.once("end", () => {
      this.#lose(redis, { reason: "away", message: why || "connection closed" });
    });
    this.#redis = redis;
    this.#failures = 0;
    this.#learn(redis);
    this.log.info("Connected to Redis", { redis: display(this.address) });
    return redis;
  }

  /** Asks for the version; a server that does not tell, for lack of a permission, has none. */
  #learn(redis: Redis): void {
    redis.info("server").then(
      (text) => this.#version = /^redis_version:([\w.-]+)/m.exec(text)?.[1] ?? this.#version,
      () => {},
    );
  }

  #lose(redis: Redis, loss: Loss): void {
    if (this.#redis !== redis) return;
    this.#redis = null;
    this.#retry(loss);
    // Rejects all that waits for an answer; who asks why finds `loss`.
    redis.disconnect();
  }

  #retry(loss: Loss): void {
    if (this.#closed) return;
    const isNew = this.#failures === 0 || loss.message !== this.#loss.message;
    if (isNew) {
      this.log.warn("No connection to Redis", { redis: display(this.address), why: loss.message });
    }
    this.#loss = loss;
    // Full jitter: after a restart, many proxies do not come back in step.
    const bound = Math.min(PAUSE_MAX, PAUSE_MIN * 2 ** this.#failures++);
    this.#pause = setTimeout(() => this.open(), bound * (0.5 + Math.random() / 2));
  }

  #client(): Redis {
    const { host, port, username, password, database, tls, certificateAuthority } = this.address;
    return new Redis({
      host,
      port,
      ...(username === null ? {} : { username }),
      ...(password === null ? {} : { password }),
      db: database,
      ...(tls ? { tls: certificateAuthority === null ? {} : { ca: certificateAuthority } } : {}),
      // ioredis 6 speaks RESP3 by default, but drops the invalidations that come with it.
      protocol: 2,
      connectionName: "redis-proxy",
      connectTimeout: this.timeout,
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
}

/** The address as a log may show it: without the password. */
export function display({ host, port, database, tls }: OriginAddress): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return `${tls ? "rediss" : "redis"}://${name}:${port}/${database}`;
}
