/**
 * A relay to a Redis that lies: a test says which requests it answers itself, and how. It forwards
 * all others, one by one, and Redis's messages between replies.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/**
 * Decides on a request, given its arguments with the command in upper case.
 *
 * @returns The bytes of a reply, "" to close the connection, or undefined to tell the truth.
 */
export type Lie = (args: readonly string[]) => string | undefined;

export class LyingRedis implements Disposable {
  readonly port: number;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.TcpConn>();
  /** Connections accepted so far. */
  accepted = 0;

  /** @param target The port of a Redis. */
  constructor(readonly target: number, public lie: Lie = () => undefined) {
    this.port = this.#listener.addr.port;
    this.#accept();
  }

  [Symbol.dispose](): void {
    try {
      this.#listener.close();
    } catch {
      // It was closed before.
    }
    this.hangUp();
  }

  /** Ends all connections. */
  hangUp(): void {
    for (const conn of this.#open) close(conn);
  }

  async #accept(): Promise<void> {
    try {
      for await (const client of this.#listener) {
        this.accepted++;
        this.#serve(client).catch(() => {/* One side has gone. */});
      }
    } catch {
      // The listener is closed.
    }
  }

  async #serve(client: Deno.TcpConn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.target });
    for (const conn of [client, server]) {
      conn.setNoDelay(true);
      this.#open.add(conn);
    }
    try {
      const replies = new Replies(server, client);
      for await (const args of requests(client)) {
        const lie = this.lie([args[0]!.toUpperCase(), ...args.slice(1)]);
        if (lie === "") return;
        if (lie === undefined) {
          replies.await();
          await write(server, requestOf(args));
        }
        await replies.settled;
        if (lie !== undefined) await write(client, lie);
      }
    } finally {
      for (const conn of [client, server]) {
        this.#open.delete(conn);
        close(conn);
      }
    }
  }
}

/** Passes on the bytes from a Redis as they arrive, and counts the replies. */
class Replies {
  settled: Promise<void> = Promise.resolve();
  #settle = () => {};

  constructor(readonly server: Deno.TcpConn, readonly client: Deno.TcpConn) {
    this.#pass().catch(() => {/* One side has gone. */}).finally(() => {
      close(client);
      this.#settle();
    });
  }

  /** Expects a reply: `settled` waits for it. */
  await(): void {
    this.settled = new Promise((resolve) => this.#settle = resolve);
  }

  async #pass(): Promise<void> {
    let text = "";
    for await (const piece of pieces(this.server)) {
      text += piece;
      for (let end = endOf(text, 0); end > 0; end = endOf(text, 0)) {
        const frame = text.slice(0, end);
        text = text.slice(end);
        await write(this.client, frame);
        if (!isMessage(frame)) this.#settle();
      }
    }
  }
}

/** Whether a frame is not a reply: a push of RESP3, or an invalidation on a channel of RESP2. */
function isMessage(frame: string): boolean {
  return frame.startsWith(">") || /^\*3\r\n\$7\r\nmessage\r\n/.test(frame);
}

/** The end of the frame that begins at a position; -1 if it is incomplete. */
function endOf(text: string, start: number): number {
  const cr = text.indexOf("\r\n", start);
  if (cr < 0) return -1;
  const count = Number(text.slice(start + 1, cr));
  const next = cr + 2;
  const type = text[start]!;
  if ("$=!".includes(type)) {
    const end = count < 0 ? next : next + count + 2;
    return end > text.length ? -1 : end;
  }
  if (!"*~>%|".includes(type)) return next;
  let at = next;
  for (let left = "%|".includes(type) ? 2 * count : count; left > 0 && at >= 0; left--) {
    at = endOf(text, at);
  }
  return type === "|" && at >= 0 ? endOf(text, at) : at;
}

/** The requests of a client: arrays of bulk strings. */
async function* requests(client: Deno.TcpConn): AsyncIterable<string[]> {
  let text = "";
  for await (const piece of pieces(client)) {
    text += piece;
    for (let end = endOf(text, 0); end > 0; end = endOf(text, 0)) {
      const args: string[] = [];
      for (let at = text.indexOf("\r\n") + 2; at < end; at = endOf(text, at)) {
        args.push(text.slice(text.indexOf("\r\n", at) + 2, endOf(text, at) - 2));
      }
      text = text.slice(end);
      yield args;
    }
  }
}

function requestOf(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`;
}

async function* pieces(conn: Deno.TcpConn): AsyncIterable<string> {
  const bytes = Buffer.alloc(64 * 1024);
  for (let count = await conn.read(bytes); count !== null; count = await conn.read(bytes)) {
    yield bytes.toString("latin1", 0, count);
  }
}

async function write(conn: Deno.TcpConn, text: string): Promise<void> {
  let bytes: Uint8Array = Buffer.from(text, "latin1");
  while (bytes.length > 0) bytes = bytes.subarray(await conn.write(bytes));
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It was closed before.
  }
}
