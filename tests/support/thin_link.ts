/**
 * A relay to a Redis with limits: all connections take turns to share a number of bytes per second,
 * or a connection ends when a reply is too long.
 *
 * @module
 */
export interface ThinLinkOptions {
  /** Bytes per second from Redis, for all connections together. */
  readonly bytesPerSecond?: number;
  /** The most bytes from Redis without a request in between. */
  readonly longest?: number;
}

/** The bytes that one connection sends per turn. */
const PIECE = 4096;
/** Bytes that are taken from Redis and wait in the link, for each connection. */
const QUEUE = 64 * 1024;

export class ThinLink implements Disposable {
  readonly port: number;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.TcpConn>();
  /** The connections that have something to send wait here for their turn. */
  #turn: Promise<void> = Promise.resolve();
  #freeAt = 0;

  /** @param target The port of a Redis. */
  constructor(readonly target: number, readonly options: ThinLinkOptions) {
    this.port = this.#listener.addr.port;
    this.#accept();
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const conn of this.#open) close(conn);
  }

  async #accept(): Promise<void> {
    try {
      for await (const client of this.#listener) this.#serve(client);
    } catch {
      // The listener is closed.
    }
  }

  async #serve(client: Deno.TcpConn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.target });
    const conns = [client, server];
    for (const conn of conns) {
      conn.setNoDelay(true);
      this.#open.add(conn);
    }
    const counts = { length: 0 };
    await Promise.race([this.#forth(client, server, counts), this.#back(server, client, counts)])
      .catch(() => {/* One side has gone. */});
    for (const conn of conns) {
      this.#open.delete(conn);
      close(conn);
    }
  }

  /** From the proxy to Redis. */
  async #forth(client: Deno.TcpConn, server: Deno.TcpConn, counts: { length: number }) {
    const piece = new Uint8Array(QUEUE);
    for (let count = await client.read(piece); count !== null; count = await client.read(piece)) {
      counts.length = 0;
      await write(server, piece.subarray(0, count));
    }
  }

  /** From Redis to the proxy. */
  async #back(server: Deno.TcpConn, client: Deno.TcpConn, counts: { length: number }) {
    const { longest = Infinity } = this.options;
    const queue = new Uint8Array(QUEUE);
    for (let count = await server.read(queue); count !== null; count = await server.read(queue)) {
      counts.length += count;
      if (counts.length > longest) return;
      for (let at = 0; at < count; at += PIECE) {
        const piece = queue.subarray(at, Math.min(at + PIECE, count));
        await this.#take(piece.length);
        await write(client, piece);
      }
    }
  }

  /** Waits until the link has carried this many more bytes; first come, first served. */
  #take(bytes: number): Promise<void> {
    const { bytesPerSecond } = this.options;
    if (bytesPerSecond === undefined) return Promise.resolve();
    return this.#turn = this.#turn.then(async () => {
      const now = performance.now();
      this.#freeAt = Math.max(now, this.#freeAt) + bytes / bytesPerSecond * 1000;
      // Timers are not more exact than that.
      if (this.#freeAt - now > 2) await new Promise((go) => setTimeout(go, this.#freeAt - now));
    });
  }
}

async function write(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It was closed before.
  }
}
