/**
 * A raw client that sends and receives bytes, for requests and replies that client libraries hide.
 *
 * @module
 */
import { Buffer } from "node:buffer";

const LIMIT = 10_000;

export class RawClient implements Disposable {
  #received: Buffer = Buffer.alloc(0);
  #isEnded = false;

  private constructor(readonly conn: Deno.TcpConn) {}

  static async connect(port: number): Promise<RawClient> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    return new RawClient(conn);
  }

  /** Sends bytes, or text of code units 0 to 255. */
  async send(data: string | Uint8Array): Promise<void> {
    let bytes: Uint8Array = typeof data === "string" ? Buffer.from(data, "latin1") : data;
    while (bytes.length > 0) bytes = bytes.subarray(await this.conn.write(bytes));
  }

  /** Receives exactly `length` bytes. */
  async bytes(length: number): Promise<Buffer> {
    const parts = [this.#received];
    let total = this.#received.length;
    while (total < length) {
      const part = await this.#more();
      if (part === null) throw new Error(`Connection ended after ${total} of ${length} bytes`);
      parts.push(part);
      total += part.length;
    }
    const all = Buffer.concat(parts);
    this.#received = all.subarray(length);
    return all.subarray(0, length);
  }

  /** Receives `length` bytes and returns them as text. */
  async text(length: number): Promise<string> {
    return (await this.bytes(length)).toString("latin1");
  }

  /** Receives up to and including `end`, and returns it as text. */
  async until(end: string): Promise<string> {
    for (;;) {
      const at = this.#received.indexOf(end, 0, "latin1");
      if (at >= 0) return await this.text(at + end.length);
      const part = await this.#more();
      if (part === null) {
        throw new Error(`Connection ended before ${JSON.stringify(end)}: ${this.#received}`);
      }
      this.#received = Buffer.concat([this.#received, part]);
    }
  }

  /** Receives everything until the server ends the connection, and returns it as text. */
  async rest(): Promise<string> {
    for (let part = await this.#more(); part !== null; part = await this.#more()) {
      this.#received = Buffer.concat([this.#received, part]);
    }
    return await this.text(this.#received.length);
  }

  /** Sends a request and receives `length` bytes. */
  async exchange(request: string | Uint8Array, length: number): Promise<string> {
    await this.send(request);
    return await this.text(length);
  }

  close(): void {
    if (!this.#isEnded) this.conn.close();
    this.#isEnded = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #more(): Promise<Buffer | null> {
    const bytes = Buffer.allocUnsafeSlow(64 * 1024);
    const limit = setTimeout(() => this.close(), LIMIT);
    try {
      const count = await this.conn.read(bytes);
      return count === null ? null : bytes.subarray(0, count);
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionReset) return null;
      throw new Error(`Connection gave nothing within ${LIMIT} ms`, { cause: error });
    } finally {
      clearTimeout(limit);
    }
  }
}

/** A request as a client library sends it: an array of bulk strings, of code units 0 to 255. */
export function request(...args: string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`;
}
