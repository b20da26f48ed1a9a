/**
 * The server: accepts clients, limits their number, and ends their connections when it stops.
 *
 * @module
 */
import type { Acceptor } from "./acceptor.ts";
import { close, isGone } from "./closing.ts";
import { Connection } from "./connection.ts";
import type { Log } from "../core/log.ts";
import { Refusals } from "./refusals.ts";
import type { Millis } from "../core/types.ts";
import type { Service } from "./service.ts";
import { type Patience, Sweeper } from "./sweeper.ts";

/** Limits of the server. */
export interface ServerOptions {
  /** Clients served at once. */
  readonly maxClients: number;
  /** Clients that are refused at the same time. */
  readonly maxRefusals: number;
  readonly patience: Patience;
}

/** A client that sent something within this time will probably send more. */
const RECENT: Millis = 1000;

/** How long a client may take to close its side after the server has stopped and closed its own. */
const LINGER: Millis = 250;

/** Pause after an error that would repeat at once, such as no free descriptor. */
const ACCEPT_PAUSE: Millis = 50;

export class Server {
  readonly #connections = new Set<Connection>();
  readonly #sweeper: Sweeper;
  readonly #accepting: Promise<void>;
  readonly #refusals: Refusals;
  #draining = false;
  #stopping = false;
  #onEmpty: (() => void) | undefined;

  #reopen: (() => void) | undefined;

  /** @param ready Resolves when clients may be accepted; they can connect before. */
  constructor(
    public listener: Acceptor,
    readonly service: Service,
    readonly options: ServerOptions,
    readonly log: Log,
    readonly ready: () => Promise<unknown> = () => Promise.resolve(),
  ) {
    this.#refusals = new Refusals(service, options.maxRefusals, log);
    this.#sweeper = new Sweeper(this.#connections, service.slow, options.patience, log);
    this.#accepting = this.#accept();
  }

  /** The number of connected clients. */
  get clients(): number {
    return this.#connections.size;
  }

  /**
   * Continues with another listener; existing connections stay. Resolves when it does. A client that
   * connects in between, within a turn of the event loop, must try again.
   */
  relisten(open: () => Acceptor): Promise<void> {
    return new Promise((resolve) => {
      this.#reopen = () => {
        this.listener = open();
        this.#reopen = undefined;
        resolve();
      };
      // It is already closed if it is being replaced.
      close(this.listener);
    });
  }

  /** Asks clients to leave, if their protocol allows it, and keeps serving those that stay. */
  drain(): void {
    this.#draining = true;
    for (const connection of this.#connections) connection.drain();
  }

  /** Stops accepting, waits for requests in flight for at most `grace`, then ends all connections. */
  async stop(grace: Millis): Promise<void> {
    this.#stopping = true;
    close(this.listener);
    await this.#accepting;
    const end = performance.now() + grace;
    for (const connection of this.#connections) connection.finish(RECENT);
    await this.#ended(Math.min(grace, RECENT));
    for (const connection of this.#connections) connection.finish(0);
    await this.#ended(Math.min(end - performance.now(), LINGER));
    for (const one of this.#connections) if (one.activity.phase === "lingering") one.close();
    await this.#ended(end - performance.now());
    // Closing does not end all of them: Deno 2.4 keeps a connection with a pending write.
    for (const connection of this.#connections) connection.close();
    this.#sweeper.stop();
    this.service.slow.stop();
  }

  /** Waits for the end of all connections, but no longer than `patience`. */
  async #ended(patience: Millis): Promise<void> {
    if (this.#connections.size === 0) return;
    let limit;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      limit = setTimeout(resolve, patience);
    });
    clearTimeout(limit);
  }

  async #accept(): Promise<void> {
    await Promise.resolve(); // The program is complete in the next turn.
    await this.ready();
    while (!this.#stopping) {
      try {
        this.#reopen?.();
        const conn = await this.listener.accept();
        if (this.#connections.size < this.options.maxClients) this.#admit(conn);
        else await this.#refusals.turnAway(conn);
      } catch (error) {
        if (this.#stopping) return;
        // A client that was reset before it was accepted is no fault of ours.
        if (isGone(error)) continue;
        this.log.warn("Cannot accept a client", { why: (error as Error).message });
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE));
      }
    }
  }

  #admit(conn: Deno.Conn): void {
    this.service.stats.clientsTotal++;
    if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay(true);
    if ("setKeepAlive" in conn) (conn as Deno.TcpConn).setKeepAlive(true);
    const connection = new Connection(conn, this.service);
    this.#connections.add(connection);
    this.service.stats.clients++;
    if (this.#draining) connection.drain();
    // Makes only one promise, because it lives as long as the client stays.
    connection.serve().then(() => this.#dismiss(connection), (error) => {
      this.#report(connection, error);
      this.#dismiss(connection);
    });
  }

  #dismiss(connection: Connection): void {
    this.#connections.delete(connection);
    this.service.stats.clients--;
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  #report({ peer }: Connection, error: unknown): void {
    this.log.error("Cannot serve a client", { peer: peer.remote, why: String(error) });
  }
}
