/**
 * Clients that load a proxy while another one replaces it. Some connect, send a request and leave,
 * others stay. They count what they see.
 *
 * @module
 */
import { request } from "./client.ts";

/** The counts of the clients. */
export interface Seen {
  /** Requests that were answered, by the number of the process that answered. */
  readonly answered: Record<string, number>;
  /** Connections that the server ended in order, between a reply and the next request. */
  ended: number;
  /**
   * Requests on long connections that were lost, because the server ended its side just as they
   * were sent.
   */
  crossed: number;
  /** Connections that were refused, reset, or ended without a reply. */
  readonly wrong: Record<string, number>;
}

/** One kind of client. */
interface Kind {
  readonly ask: string;
  /** The length of the reply at the start of a text; 0 while it is incomplete. */
  length(text: string): number;
  /** Whether the server said in a reply that it is the last. */
  isLast(reply: string): boolean;
}

const RESP: Kind = {
  ask: request("GET", "key"),
  length: (text) => text.startsWith("$5\r\nvalue\r\n") ? 11 : 0,
  isLast: () => false,
};

const HTTP: Kind = {
  ask: "GET /key HTTP/1.1\r\nHost: h\r\n\r\n",
  length: (text) => {
    const end = text.indexOf("\r\n\r\n");
    return end >= 0 && text.slice(end + 4).startsWith("value") ? end + 9 : 0;
  },
  isLast: (reply) => reply.includes("\r\nConnection: close\r\n"),
};

/** A connection for one or many requests, which notices when the server ends it. */
class Asker implements Disposable {
  readonly #room = new Uint8Array(1024);
  readonly #decoder = new TextDecoder();
  /** The pending read: there always is one, as in clients on an event loop. */
  #reading: Promise<string | null>;
  isEnded = false;

  private constructor(readonly conn: Deno.TcpConn, readonly kind: Kind) {
    this.#reading = this.#read();
  }

  static async connect(port: number, kind: Kind): Promise<Asker> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    return new Asker(conn, kind);
  }

  /** Sends a request, and returns the reply; null if the server ended its side instead. */
  async ask(): Promise<string | null> {
    await this.conn.write(new TextEncoder().encode(this.kind.ask));
    for (let text = "";;) {
      const more = await this.#reading;
      if (more === null) return null;
      text += more;
      this.#reading = this.#read();
      if (this.kind.length(text) > 0) return text;
    }
  }

  async #read(): Promise<string | null> {
    try {
      const count = await this.conn.read(this.#room);
      this.isEnded = count === null;
      return count === null ? null : this.#decoder.decode(this.#room.subarray(0, count));
    } catch (error) {
      // This client has closed the connection itself.
      if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) {
        return null;
      }
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.conn.close();
  }
}

/** Loads a port until it is stopped. */
export class UpgradeLoad {
  readonly seen: Seen = { answered: {}, ended: 0, crossed: 0, wrong: {} };
  readonly #clients: Promise<void>[] = [];
  #isStopped = false;

  /** @param pause Milliseconds between two requests of a client. */
  constructor(readonly port: number, clients: number, readonly pause: number) {
    for (const kind of [RESP, HTTP]) {
      for (let client = 0; client < clients; client++) {
        this.#clients.push(this.#short(kind), this.#long(kind));
      }
    }
  }

  async stop(): Promise<Seen> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
    return this.seen;
  }

  /** A connection for each request. */
  async #short(kind: Kind): Promise<void> {
    while (!this.#isStopped) {
      await this.#attempt(async () => {
        using asker = await Asker.connect(this.port, kind);
        if (await asker.ask() === null) this.#note("ended without a reply");
        else this.#count(kind);
      });
      await this.#rest();
    }
  }

  /** One connection, as long as the server serves it. */
  async #long(kind: Kind): Promise<void> {
    while (!this.#isStopped) {
      await this.#attempt(async () => {
        using asker = await Asker.connect(this.port, kind);
        while (!this.#isStopped) {
          const reply = await asker.ask();
          if (reply === null) {
            this.seen.crossed++;
            return;
          }
          this.#count(kind);
          if (kind.isLast(reply)) {
            this.seen.ended++;
            return;
          }
          await this.#rest();
          if (asker.isEnded) {
            this.seen.ended++;
            return;
          }
        }
      });
    }
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#note((error as Error).name);
    }
  }

  #note(what: string): void {
    this.seen.wrong[what] = (this.seen.wrong[what] ?? 0) + 1;
  }

  #count(kind: Kind): void {
    const name = kind === RESP ? "resp" : "http";
    this.seen.answered[name] = (this.seen.answered[name] ?? 0) + 1;
  }

  #rest(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.pause));
  }
}
