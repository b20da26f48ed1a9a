/**
 * What is read of a client that takes none of its replies: it may be waiting for us to take all of
 * its requests first, as we wait for it. Whoever reads next gets this before what follows.
 *
 * A read that is under way cannot be called back: it has memory of its own, little where little is
 * expected, and whoever reads next waits for it. So there is never a second one.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";
import type { Stalls } from "./slow_clients.ts";

/** Size of a read that may find nothing, in bytes; and from which what was read stands alone. */
const SMALL_BYTES = 1024;

/** How much larger the next read is after one that was filled. */
const GROWTH = 8;

/** Size of the largest read, in bytes. */
const LARGE_BYTES = GROWTH * GROWTH * SMALL_BYTES;

/** Where bytes come from: the reading half of a `Deno.Conn`. */
export interface Source {
  read(room: Uint8Array): Promise<number | null>;
}

export class ReadAhead implements Source {
  /** When the client last sent something. */
  since: Millis = 0;
  /** Bytes of memory that it takes: what was read, and the room of the read under way. */
  held = 0;

  readonly #chunks: Uint8Array[] = [];
  #reading: Promise<void> | undefined;
  #isWanted = false;
  #isDropped = false;
  #isEnded = false;
  /** The connection broke, in these words. */
  #error: unknown;

  /** @param onOver Called when there is nothing left that the source itself would not give. */
  constructor(readonly source: Source, readonly stalls: Stalls, readonly onOver: () => void) {}

  /** Reads on, as far as there is room, until somebody reads from here. */
  goOn(): void {
    this.#isWanted = true;
    this.#reading ??= this.#fill().finally(() => this.#reading = undefined);
  }

  /** Reads what was read ahead, or else from the source. Throws what that threw, in its turn. */
  async read(room: Uint8Array): Promise<number | null> {
    this.#isWanted = false;
    if (this.#chunks.length === 0) {
      this.stalls.leave(this);
      await this.#reading;
    }
    if (this.#chunks.length > 0) return this.#take(room);
    if (this.#error !== undefined) throw this.#error;
    if (this.#isEnded) return null;
    this.onOver();
    return await this.source.read(room);
  }

  /** Forgets what was read, and what is being read. */
  drop(): void {
    this.#isWanted = false;
    this.#isDropped = true;
    for (const { length } of this.#chunks) this.#release(length);
    this.#chunks.length = 0;
    this.stalls.leave(this);
  }

  async #fill(): Promise<void> {
    for (let wanted = SMALL_BYTES; this.#isWanted;) {
      const size = this.stalls.grant(this, wanted);
      if (size === 0) return;
      this.held += size;
      const chunk = new Uint8Array(size);
      const count = await this.#receive(chunk);
      this.#release(this.#isDropped ? size : size - count);
      if (count === 0 || this.#isDropped) return;
      this.since = performance.now();
      this.#add(chunk, count);
      // What fills its room goes on; what does not has emptied the socket.
      wanted = count < size ? SMALL_BYTES : Math.min(size * GROWTH, LARGE_BYTES);
    }
  }

  /** Reads once, and returns the number of bytes: 0 when nothing more will come. */
  async #receive(chunk: Uint8Array): Promise<number> {
    if (this.#isEnded) return 0;
    try {
      const count = await this.source.read(chunk);
      this.#isEnded = count === null;
      return count ?? 0;
    } catch (error) {
      this.#isEnded = true;
      this.#error = error;
      return 0;
    }
  }

  /** A client that sends a byte at a time must not have an array for each. */
  #add(chunk: Uint8Array, count: number): void {
    const chunks = this.#chunks;
    const last = chunks.at(-1);
    if (count === chunk.length) {
      chunks.push(chunk);
    } else if (last === undefined || last.length >= SMALL_BYTES) {
      chunks.push(chunk.slice(0, count));
    } else {
      const both = new Uint8Array(last.length + count);
      both.set(last);
      both.set(chunk.subarray(0, count), last.length);
      chunks[chunks.length - 1] = both;
    }
  }

  /** Fills the room, for a read that leaves some says that there is no more. */
  #take(room: Uint8Array): number {
    const chunks = this.#chunks;
    let taken = 0;
    while (chunks.length > 0 && taken < room.length) {
      const part = chunks[0]!.subarray(0, room.length - taken);
      room.set(part, taken);
      taken += part.length;
      if (part.length === chunks[0]!.length) chunks.shift();
      else chunks[0] = chunks[0]!.subarray(part.length);
    }
    this.#release(taken);
    return taken;
  }

  #release(bytes: number): void {
    this.held -= bytes;
    this.stalls.release(bytes);
  }
}
