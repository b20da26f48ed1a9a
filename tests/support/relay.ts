/**
 * A relay between the proxy and its Redis. It imitates faults of networks: it delays bytes, stops
 * them, or closes a connection on one side or both.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** One of the pair, or a lane of passed commands. The first bytes tell which one. */
export type Kind = "data" | "invalidation" | "lane";

/** By the number of the connection, which is 0 for the first one of all. */
type Delay = (nth: number) => number;

/** The faults of all connections of a kind, present and future. */
interface Fault {
  /** The delay of each piece from Redis in milliseconds; pieces stay in order. */
  delay: Delay;
  /** Settles when bytes may pass again; null if they may pass now. */
  thawed: Promise<void> | null;
  thaw: () => void;
  /** The same for bytes from Redis alone. */
  released: Promise<void> | null;
  release: () => void;
}

/** The name that it sends first, except for a PING. */
const NAME = /redis-proxy-[0-9a-f]{8}-/;
/** A shared lane and a spare give their names, and a private lane asks for its id. */
const LANE = /redis-proxy-(?:shared|control|spare)\r\n|^\*2\r\n\$6\r\nCLIENT\r\n\$2\r\nID\r\n/;
const PING = /^\*1\r\n\$4\r\nping\r\n$/i;
const PIECE = 64 * 1024;

export class Relay implements Disposable {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #channels = new Set<Channel>();
  #accepted = 0;
  readonly faults: Record<Kind, Fault> = {
    data: healthy(),
    invalidation: healthy(),
    lane: healthy(),
  };

  /** @param targetOf The port to which a new connection goes. */
  constructor(readonly targetOf: (kind: Kind) => number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#accept();
  }

  /** The number of connections that are open. */
  count(kind: Kind): number {
    return [...this.#channels].filter((channel) => channel.kind === kind).length;
  }

  /** Delays each piece from Redis by the result of `delay`. */
  delay(kind: Kind, delay: Delay): void {
    this.faults[kind].delay = delay;
  }

  /** Stops all bytes and closes nothing. */
  freeze(kind: Kind): void {
    const fault = this.faults[kind];
    if (fault.thawed !== null) return;
    fault.thawed = new Promise((resolve) => fault.thaw = resolve);
  }

  thaw(kind: Kind): void {
    const fault = this.faults[kind];
    fault.thawed = null;
    fault.thaw();
  }

  /** Holds all that comes from Redis back; requests go on. */
  hold(kind: Kind): void {
    const fault = this.faults[kind];
    if (fault.released !== null) return;
    fault.released = new Promise((resolve) => fault.release = resolve);
  }

  release(kind: Kind): void {
    const fault = this.faults[kind];
    fault.released = null;
    fault.release();
  }

  /** Closes the connections of a kind on both sides. */
  cut(kind: Kind): void {
    for (const channel of this.#channels) if (channel.kind === kind) channel.close();
  }

  /** Closes them towards Redis only: the proxy sees a silent connection. */
  halfOpen(kind: Kind): void {
    for (const channel of this.#channels) if (channel.kind === kind) channel.closeServer();
  }

  /** Drops all bytes of the present connections of a kind, which stay open on both sides. */
  silence(kind: Kind): void {
    for (const channel of this.#channels) if (channel.kind === kind) channel.isSilent = true;
  }

  /** Sends a command to Redis after the proxy's next request. Redis must not answer it. */
  say(kind: Kind, text: string): void {
    for (const channel of this.#channels) if (channel.kind === kind) channel.aside = text;
  }

  /** Ends all faults; frozen connections continue. */
  heal(): void {
    for (const kind of ["data", "invalidation", "lane"] as const) {
      this.thaw(kind);
      this.release(kind);
      this.delay(kind, () => 0);
    }
    for (const channel of this.#channels) if (channel.isHalfOpen) channel.close();
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.heal();
    for (const channel of this.#channels) channel.close();
  }

  async #accept(): Promise<void> {
    for (;;) {
      let client: Deno.TcpConn;
      try {
        client = await this.#listener.accept();
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return;
        continue;
      }
      this.#serve(client, this.#accepted++);
    }
  }

  async #serve(client: Deno.TcpConn, nth: number): Promise<void> {
    const piece = new Uint8Array(PIECE);
    let text = "";
    // A PING alone does not show the kind of connection, but the bytes after it do.
    do {
      const count = await read(client, piece);
      if (count === null) break;
      text += Buffer.from(piece.subarray(0, count)).toString("latin1");
    } while (PING.test(text));
    const first = Buffer.from(text, "latin1");
    const kind = NAME.test(text) ? "invalidation" : LANE.test(text) ? "lane" : "data";
    let server: Deno.TcpConn;
    try {
      server = await Deno.connect({ hostname: "127.0.0.1", port: this.targetOf(kind) });
    } catch {
      client.close();
      return;
    }
    const channel = new Channel(client, server, kind, nth, this.faults);
    this.#channels.add(channel);
    await channel.serve(first);
    this.#channels.delete(channel);
  }
}

/** A connection of the proxy, and its counterpart at Redis. */
class Channel {
  isHalfOpen = false;
  isSilent = false;
  /** The bytes to send to Redis between two requests. */
  aside = "";

  constructor(
    readonly client: Deno.TcpConn,
    readonly server: Deno.TcpConn,
    readonly kind: Kind,
    readonly nth: number,
    readonly faults: Record<Kind, Fault>,
  ) {
    // Nagle's algorithm would add 40 ms.
    client.setNoDelay(true);
    server.setNoDelay(true);
  }

  /** @param first The bytes that the proxy has already sent. */
  async serve(first: Uint8Array): Promise<void> {
    await Promise.all([this.#forth(first), this.#back()]);
    this.close();
  }

  close(): void {
    this.isHalfOpen = false;
    for (const conn of [this.client, this.server]) close(conn);
  }

  closeServer(): void {
    this.isHalfOpen = true;
    close(this.server);
  }

  /** From the proxy to Redis. */
  async #forth(first: Uint8Array): Promise<void> {
    const piece = new Uint8Array(PIECE);
    for (let bytes = first;;) {
      await this.faults[this.kind].thawed;
      const isWritten = this.isSilent || await write(this.server, bytes);
      if (!isWritten && !this.isHalfOpen) return this.close();
      if (this.aside !== "") {
        await write(this.server, Buffer.from(this.aside, "latin1"));
        this.aside = "";
      }
      const count = await read(this.client, piece);
      if (count === null) return this.close();
      bytes = piece.subarray(0, count);
    }
  }

  /** From Redis to the proxy: read at once, written when it is due. */
  async #back(): Promise<void> {
    let writing = Promise.resolve();
    let due = 0;
    const piece = new Uint8Array(PIECE);
    for (;;) {
      const count = await read(this.server, piece);
      if (count === null) break;
      const bytes = piece.slice(0, count);
      due = Math.max(due, performance.now() + this.faults[this.kind].delay(this.nth));
      const at = due;
      writing = writing.then(async () => {
        const wait = at - performance.now();
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        await this.faults[this.kind].thawed;
        await this.faults[this.kind].released;
        if (!this.isSilent) await write(this.client, bytes);
      });
    }
    await writing;
    if (!this.isHalfOpen) this.close();
  }
}

function healthy(): Fault {
  const idle = { thawed: null, thaw: () => {}, released: null, release: () => {} };
  return { delay: () => 0, ...idle };
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It was closed before.
  }
}

async function read(conn: Deno.Conn, piece: Uint8Array): Promise<number | null> {
  try {
    return await conn.read(piece);
  } catch {
    return null;
  }
}

async function write(conn: Deno.Conn, bytes: Uint8Array): Promise<boolean> {
  try {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
    return true;
  } catch {
    return false;
  }
}
