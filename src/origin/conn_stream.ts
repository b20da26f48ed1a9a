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

/** The most bytes of one read. */
const READ_BYTES = 64 * 1024;

type Callback = (error?: Error | null) => void;

export class ConnStream extends Duplex {
  /** Bytes received so far, as `net.Socket` counts them. */
  bytesRead = 0;
  /** The pending read. */
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

  /** Writes all chunks that came during the last write as one. */
  override _writev(parts: { chunk: Uint8Array }[], done: Callback): void {
    this._write(Buffer.concat(parts.map(({ chunk }) => chunk)), "", done);
  }

  override _destroy(error: Error | null, done: Callback): void {
    this.conn.close();
    done(error);
  }

  /** `dial` has already set these options. */
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  async #readOnce(): Promise<void> {
    try {
      // Each read has its own buffer, because ioredis keeps parts of it.
      const bytes = new Uint8Array(READ_BYTES);
      const count = await this.conn.read(bytes);
      this.#read = null;
      this.bytesRead += count ?? 0;
      this.push(count === null ? null : Buffer.from(bytes.buffer, 0, count));
    } catch (error) {
      // If Redis does not accept the client certificate, this fails first.
      if (!this.destroyed) this.destroy(explainTls(error, this.address));
    }
  }

  async #send(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await this.conn.write(rest));
  }

  /** Redis may have sent the reason before it closed, so that comes before a failed write. */
  async #failed(error: Error, done: Callback): Promise<void> {
    await this.#read;
    done(error);
  }
}
