/**
 * A connection of Deno as a stream of Node, for ioredis.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import type { OriginAddress } from "./address.ts";
import type { OriginConn } from "./dial.ts";
import { explainTls } from "./tls_errors.ts";

/** Bytes that one read takes at most. */
const READ_BYTES = 64 * 1024;

type Callback = (error?: Error | null) => void;

export class ConnStream extends Duplex {
  /** Bytes received so far, as `net.Socket` counts them. */
  bytesRead = 0;
  /** The read that is under way. */
  #read: Promise<void> | null = null;

  constructor(readonly conn: OriginConn, readonly address: OriginAddress) {
    super();
  }

  override _read(): void {
    this.#read ??= this.#readOnce();
  }

  override _write(bytes: Uint8Array, _encoding: string, done: Callback): void {
    this.#send(bytes).then(() => done(), (error) => this.#failed(error, done));
  }

  /** What was written while a write was under way goes out as one. */
  override _writev(parts: { chunk: Uint8Array }[], done: Callback): void {
    this._write(Buffer.concat(parts.map(({ chunk }) => chunk)), "", done);
  }

  override _destroy(error: Error | null, done: Callback): void {
    this.conn.close();
    done(error);
  }

  /** `dial` has set these already, where the connection has them. */
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  async #readOnce(): Promise<void> {
    try {
      // A buffer for each read: ioredis hands out parts of it.
      const bytes = new Uint8Array(READ_BYTES);
      const count = await this.conn.read(bytes);
      this.#read = null;
      this.bytesRead += count ?? 0;
      this.push(count === null ? null : Buffer.from(bytes.buffer, 0, count));
    } catch (error) {
      // A client certificate that Redis does not accept shows here first.
      if (!this.destroyed) this.destroy(explainTls(error, this.address));
    }
  }

  async #send(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await this.conn.write(rest));
  }

  /** The other side may have said why before it closed: what was read comes before a failed write. */
  async #failed(error: Error, done: Callback): Promise<void> {
    await this.#read;
    done(error);
  }
}
