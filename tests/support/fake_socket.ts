/**
 * A socket to a Redis that the test plays: written bytes become text, and the test sends the
 * replies.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { turn } from "../../src/core/event_loop.ts";
import type { Socket } from "../../src/origin/wire/connection.ts";

export class FakeSocket implements Socket {
  /** All written bytes, as code units 0 to 255. */
  written = "";
  isClosed = false;
  /** Whether writes never end. */
  isStuck = false;
  #received: Buffer = Buffer.alloc(0);
  #isEnded = false;
  #wake: (() => void) | null = null;

  /** Sends text of code units 0 to 255 in the name of Redis. */
  reply(text: string): void {
    this.#received = Buffer.concat([this.#received, Buffer.from(text, "latin1")]);
    this.#wake?.();
  }

  /** Ends the connection in the name of Redis. */
  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  async read(room: Uint8Array): Promise<number | null> {
    while (this.#received.length === 0) {
      if (this.#isEnded || this.isClosed) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const count = Math.min(room.length, this.#received.length);
    room.set(this.#received.subarray(0, count));
    this.#received = this.#received.subarray(count);
    return count;
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.isStuck) return new Promise(() => {});
    this.written += Buffer.from(bytes).toString("latin1");
    return Promise.resolve(bytes.length);
  }

  close(): void {
    this.isClosed = true;
    this.#wake?.();
  }
}

/** Lets everything that is ready happen. Work that yields its turn ends, too. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  await turn();
}
