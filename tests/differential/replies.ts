/**
 * Replies from a socket, cut into whole frames, with pushes apart from replies. It shares no code
 * with the program, so that a fault of the program's framer cannot hide.
 *
 * @module
 */

/** One whole reply or push, as code units 0 to 255. */
export interface Frame {
  readonly text: string;
  readonly isPush: boolean;
}

/** Where the frame ends that begins at `start`; -1 if it is incomplete. */
function endOf(text: string, start: number): number {
  const cr = text.indexOf("\r\n", start);
  if (cr < 0) return -1;
  const next = cr + 2;
  const count = Number(text.slice(start + 1, cr));
  switch (text[start]) {
    case "+":
    case "-":
    case ":":
    case "_":
    case "#":
    case ",":
    case "(":
      return next;
    case "$":
    case "=":
    case "!":
      if (count < 0) return next;
      return next + count + 2 <= text.length ? next + count + 2 : -1;
    case "*":
    case "~":
    case ">":
    case "%":
    case "|": {
      let left = text[start] === "%" || text[start] === "|" ? 2 * count : count;
      if (text[start] === "|") left++; // An attribute precedes the reply that it describes.
      let at = next;
      for (; left > 0; left--) {
        at = endOf(text, at);
        if (at < 0) return -1;
      }
      return at;
    }
    default:
      throw new Error(
        `Cannot read a reply: it begins with ${JSON.stringify(text.slice(start, start + 40))}`,
      );
  }
}

/** One connection of the test, to either server. */
export class Client implements Disposable {
  #received = "";
  #buffer = new Uint8Array(64 * 1024);
  readonly pushes: Frame[] = [];

  private constructor(readonly conn: Deno.TcpConn) {}

  static async connect(port: number): Promise<Client> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    return new Client(conn);
  }

  /** Sends text of code units 0 to 255. */
  async send(text: string): Promise<void> {
    let bytes: Uint8Array = Uint8Array.from(text, (unit) => unit.charCodeAt(0));
    while (bytes.length > 0) bytes = bytes.subarray(await this.conn.write(bytes));
  }

  /** Receives this many replies, and keeps the pushes between them in `pushes`. */
  async replies(count: number, limit = 20_000): Promise<string[]> {
    const replies: string[] = [];
    while (replies.length < count) {
      const frame = await this.frame(limit);
      if (frame.isPush) this.pushes.push(frame);
      else replies.push(frame.text);
    }
    return replies;
  }

  /** Receives one frame. */
  async frame(limit = 20_000): Promise<Frame> {
    for (;;) {
      const end = this.#received === "" ? -1 : endOf(this.#received, 0);
      if (end >= 0) {
        const text = this.#received.slice(0, end);
        this.#received = this.#received.slice(end);
        return { text, isPush: text[0] === ">" };
      }
      const late = setTimeout(() => this.close(), limit);
      const count = await this.conn.read(this.#buffer).finally(() => clearTimeout(late));
      if (count === null) throw new Error("The connection ended");
      let more = "";
      for (let at = 0; at < count; at += 8192) {
        more += String.fromCharCode(...this.#buffer.subarray(at, Math.min(count, at + 8192)));
      }
      this.#received += more;
    }
  }

  close(): void {
    try {
      this.conn.close();
    } catch { /* It is closed already. */ }
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A request as an array of bulk strings. */
export function request(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`;
}

/** A reply without the order of its lines, for members that each server orders by itself. */
export function unordered(reply: string): string {
  return reply.split("\r\n").sort().join("\r\n");
}
