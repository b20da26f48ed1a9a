/**
 * A connection in memory. The test decides what its client sends and reads.
 *
 * @module
 */
import { Buffer } from "node:buffer";

export class MemoryConn {
  readonly remoteAddr = { transport: "tcp", hostname: "192.0.2.1", port: 1234 } as const;
  readonly localAddr = { transport: "tcp", hostname: "192.0.2.2", port: 8080 } as const;
  /** The bytes that the client has received, a piece for each write. */
  readonly written: string[] = [];
  /** The number of reads. */
  reads = 0;
  isWriteClosed = false;
  isClosed = false;
  readonly #incoming: (Buffer | null | Error)[] = [];
  #reader: (() => void) | undefined;
  #isBeingRead = false;
  #writer: (() => void) | undefined;
  #isHeld = false;

  /** The client sends text of code units 0 to 255. */
  send(text: string): void {
    this.#arrive(Buffer.from(text, "latin1"));
  }

  /** The client ends its side. */
  end(): void {
    this.#arrive(null);
  }

  /** The connection breaks. */
  break(error: Error): void {
    this.#arrive(error);
  }

  /** The client stops reading. */
  hold(): void {
    this.#isHeld = true;
  }

  /** The client reads again. */
  release(): void {
    this.#isHeld = false;
    this.#writer?.();
  }

  /** The number of pieces that the client has sent and that are not fully read. */
  get unread(): number {
    return this.#incoming.length;
  }

  async read(bytes: Uint8Array): Promise<number | null> {
    if (this.#isBeingRead) throw new RangeError("Read while it is being read");
    this.#isBeingRead = true;
    try {
      return await this.#read(bytes);
    } finally {
      this.#isBeingRead = false;
    }
  }

  async #read(bytes: Uint8Array): Promise<number | null> {
    this.reads++;
    while (this.#incoming.length === 0 && !this.isClosed) {
      await new Promise<void>((resolve) => this.#reader = resolve);
    }
    if (this.isClosed) throw new Deno.errors.BadResource("closed");
    const next = this.#incoming.shift()!;
    if (next instanceof Error) throw next;
    if (next === null) return null;
    const count = Math.min(next.length, bytes.length);
    bytes.set(next.subarray(0, count));
    if (count < next.length) this.#incoming.unshift(next.subarray(count));
    return count;
  }

  async write(bytes: Uint8Array): Promise<number> {
    while (this.#isHeld && !this.isClosed) {
      await new Promise<void>((resolve) => this.#writer = resolve);
    }
    if (this.isClosed) throw new Deno.errors.BadResource("closed");
    this.written.push(Buffer.from(bytes).toString("latin1"));
    return bytes.length;
  }

  closeWrite(): Promise<void> {
    this.isWriteClosed = true;
    return Promise.resolve();
  }

  close(): void {
    this.isClosed = true;
    this.#reader?.();
    this.#writer?.();
  }

  #arrive(item: Buffer | null | Error): void {
    this.#incoming.push(item);
    this.#reader?.();
  }
}
