/**
 * Reads ahead from a client that reads none of its replies. It may be waiting for us to read all of
 * its requests first, while we wait for it. The next reader gets these bytes before later ones.
 *
 * A pending read cannot be cancelled. It has its own buffer, which is small if few bytes are
 * expected, and the next reader waits for it. So there is never a second pending read.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";
import type { ReadAheadRoom } from "./read_ahead_room.ts";

/** Size of a read that may get nothing, in bytes; smaller pieces are joined. */
const SMALL_BYTES = 1024;

/** The factor by which the next read is larger after a full one. */
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
  /** Its memory in bytes: what was read, and the buffer of the pending read. */
  held = 0;

  readonly #chunks: Uint8Array[] = [];
  #reading: Promise<void> | undefined;
  #isWanted = false;
  #isDropped = false;
  #isEnded = false;
  readonly #end = Promise.withResolvers<void>();
  /** The error that broke the connection. */
  #error: unknown;

  /** @param onOver Called when all further bytes come from the source itself. */
  constructor(
    readonly source: Source,
    readonly space: ReadAheadRoom,
    readonly onOver: () => void,
  ) {}

  /** Resolves once the client has ended its side, or is gone. */
  get ended(): Promise<void> {
    return this.#end.promise;
  }

  /** Continues to read while there is room, until somebody reads from here. */
  goOn(): void {
    this.#isWanted = true;
    this.#reading ??= this.#fill().finally(() => this.#reading = undefined);
  }

  /**
   * Reads the bytes that were read ahead, then from the source. Throws the source's error in order.
   */
  async read(room: Uint8Array): Promise<number | null> {
    this.#isWanted = false;
    if (this.#chunks.length === 0) {
      this.space.leave(this);
      await this.#reading;
    }
    if (this.#chunks.length > 0) return this.#take(room);
    if (this.#error !== undefined) throw this.#error;
    if (this.#isEnded) return null;
    this.onOver();
    return await this.source.read(room);
  }

  /** Drops the bytes that were read, and those of the pending read. */
  drop(): void {
    this.#isWanted = false;
    this.#isDropped = true;
    for (const { length } of this.#chunks) this.#release(length);
    this.#chunks.length = 0;
    this.space.leave(this);
  }

  async #fill(): Promise<void> {
    for (let wanted = SMALL_BYTES; this.#isWanted;) {
      const size = this.space.grant(this, wanted);
      if (size === 0) return;
      this.held += size;
      const chunk = new Uint8Array(size);
      const count = await this.#receive(chunk);
      this.#release(this.#isDropped ? size : size - count);
      if (count === 0 || this.#isDropped) return;
      this.since = performance.now();
      this.#add(chunk, count);
      // A read that fills its buffer continues; any other has emptied the socket.
      wanted = count < size ? SMALL_BYTES : Math.min(size * GROWTH, LARGE_BYTES);
    }
  }

  /** Reads once, and returns the number of bytes; 0 at the end. */
  async #receive(chunk: Uint8Array): Promise<number> {
    if (this.#isEnded) return 0;
    try {
      const count = await this.source.read(chunk);
      if (count === null) this.#ends();
      return count ?? 0;
    } catch (error) {
      this.#error = error;
      this.#ends();
      return 0;
    }
  }

  #ends(): void {
    this.#isEnded = true;
    this.#end.resolve();
  }

  /** A client that sends single bytes must not cost an array for each. */
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

  /** Fills the whole room if it can: a read that leaves room means that there is no more. */
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
    this.space.release(bytes);
  }
}
