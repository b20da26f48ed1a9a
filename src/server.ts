/**
 * The server: the one listener, the set of its connections, and what bounds their number and their
 * patience. One timer looks after all deadlines: a timer for each read would cost more than a hit.
 *
 * @module
 */
import { Connection, isGone, type Phase, type Service } from "./connection.ts";
import type { Log } from "./log.ts";
import { peerOf } from "./peer.ts";
import type { Millis } from "./protocol.ts";

/** Bounds of the server. */
export interface ServerOptions {
  /** Clients served at once. */
  readonly maxClients: number;
  /** How long a connection may be at something without progress; Infinity for as long as it likes. */
  readonly patience: Readonly<Record<Phase, Millis>>;
}

/** How often the deadlines are looked at: they are exact to this. */
const SWEEP: Millis = 500;

/** Pause after an error that accepting again at once would only repeat, such as no file left. */
const ACCEPT_PAUSE: Millis = 50;

/** As Redis says it, and closes. A client of HTTP sees no HTTP in it either way. */
const TOO_MANY = new TextEncoder().encode("-ERR max number of clients reached\r\n");

export class Server {
  readonly #connections = new Set<Connection>();
  readonly #sweeper: ReturnType<typeof setInterval>;
  readonly #accepting: Promise<void>;
  #stopping = false;
  #onEmpty: (() => void) | undefined;

  constructor(
    readonly listener: Deno.Listener,
    readonly service: Service,
    readonly options: ServerOptions,
    readonly log: Log,
  ) {
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP);
    this.#accepting = this.#accept();
  }

  /** The number of clients that are connected. */
  get clients(): number {
    return this.#connections.size;
  }

  /** Stops accepting, lets requests in flight end for at most `grace`, then ends all connections. */
  async stop(grace: Millis): Promise<void> {
    this.#stopping = true;
    this.listener.close();
    await this.#accepting;
    const empty = new Promise<void>((resolve) => this.#onEmpty = resolve);
    for (const connection of this.#connections) connection.finish();
    if (this.#connections.size > 0) {
      let limit;
      // Not all end when they are closed: Deno 2.4 keeps a connection whose write is under way.
      const late = new Promise<void>((resolve) => limit = setTimeout(resolve, grace));
      await Promise.race([empty, late]);
      clearTimeout(limit);
      for (const connection of this.#connections) connection.close();
    }
    clearInterval(this.#sweeper);
  }

  async #accept(): Promise<void> {
    while (!this.#stopping) {
      try {
        this.#admit(await this.listener.accept());
      } catch (error) {
        if (this.#stopping) return;
        // A client that was reset before it was accepted is its own affair.
        if (isGone(error)) continue;
        this.log.warn("Cannot accept a client", { why: (error as Error).message });
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE));
      }
    }
  }

  #admit(conn: Deno.Conn): void {
    const { stats } = this.service;
    if (this.#connections.size >= this.options.maxClients) {
      stats.clientsRefused++;
      conn.write(TOO_MANY).catch(() => {/* It went away first. */}).finally(() => conn.close());
      return;
    }
    stats.clientsTotal++;
    if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay(true);
    if ("setKeepAlive" in conn) (conn as Deno.TcpConn).setKeepAlive(true);
    const connection = new Connection(conn, this.service);
    this.#connections.add(connection);
    connection.serve().catch((error) => {
      this.log.error("Cannot go on with a client", {
        peer: peerOf(conn).remote,
        why: String(error),
      });
    }).finally(() => {
      this.#connections.delete(connection);
      if (this.#connections.size === 0) this.#onEmpty?.();
    });
  }

  #sweep(): void {
    const now = performance.now();
    const { patience } = this.options;
    for (const connection of this.#connections) {
      const { phase, since, isClosed } = connection;
      if (isClosed || now - since <= patience[phase]) continue;
      this.log.debug("Gave a client up", { peer: peerOf(connection.conn).remote, phase });
      connection.close();
    }
  }
}
