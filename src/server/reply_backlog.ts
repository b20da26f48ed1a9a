/**
 * The unread replies of all clients, limited in memory. A client that reads may be as slow as it
 * likes while there is room. Without room, the clients that have read nothing for the longest time
 * are disconnected. Requests that are read ahead count too.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";

/** Size from which replies are counted: counting smaller ones would cost more than it protects. */
export const COUNTED_BYTES = 4 * 1024;

/** How long a client must have read nothing before it may be cut off. */
const STUCK: Millis = 100;

/** A client with unread replies. */
export interface Holder {
  /** When it last read some. */
  readonly since: Millis;
  /** Reads ahead from it, although it reads nothing. */
  readAhead(): void;
  /** Ends its connection and frees its replies. */
  cutOff(): void;
}

export class Backlog {
  #bytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #holders = new Map<Holder, readonly ArrayBufferLike[]>();
  /** The held buffers with their number of holders: a value that many wait for counts once. */
  readonly #shares = new Map<ArrayBufferLike, number>();

  /**
   * @param limit The limit in bytes.
   * @param onRelease Called when memory was freed.
   */
  constructor(readonly limit: number, public onRelease: () => void = () => {}) {}

  /** The held bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the limit is exceeded. */
  get isOver(): boolean {
    return this.#bytes > this.limit;
  }

  /** The clients with unread replies. */
  get holders(): Iterable<Holder> {
    return this.#holders.keys();
  }

  /** Whether the memory of a client's replies is counted. */
  has(holder: Holder): boolean {
    return this.#holders.has(holder);
  }

  /** Counts other memory, until `remove`. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Stops counting it. */
  remove(bytes: number): void {
    this.#bytes -= bytes;
    this.#onLess();
  }

  /** Counts the memory of a client's replies, until `release`. */
  hold(holder: Holder, memory: readonly ArrayBufferLike[], now: Millis): void {
    this.#holders.set(holder, memory);
    for (const buffer of memory) {
      const shares = this.#shares.get(buffer) ?? 0;
      this.#shares.set(buffer, shares + 1);
      if (shares === 0) this.#bytes += buffer.byteLength;
    }
    if (!this.isOver) return;
    this.relieve(now);
    if (this.isOver) this.#lookAgain();
  }

  /** The client has read everything, or never will. */
  release(holder: Holder): void {
    if (this.#holders.size === 0) return;
    const memory = this.#holders.get(holder);
    if (memory === undefined) return;
    this.#holders.delete(holder);
    const before = this.#bytes;
    for (const buffer of memory) {
      const shares = this.#shares.get(buffer)! - 1;
      if (shares > 0) {
        this.#shares.set(buffer, shares);
      } else {
        this.#shares.delete(buffer);
        this.#bytes -= buffer.byteLength;
      }
    }
    if (this.#bytes < before) this.#onLess();
  }

  #onLess(): void {
    this.onRelease();
    if (!this.isOver) this.#stopLooking();
  }

  #stopLooking(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** No other event may follow, so look again after a while. */
  #lookAgain(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.relieve(performance.now());
      if (this.isOver) this.#lookAgain();
    }, STUCK);
  }

  /** Cuts off stuck clients, the longest stuck first, until the limit is kept. */
  relieve(now: Millis): void {
    if (!this.isOver) return;
    const stuck = [...this.#holders.keys()].filter(({ since }) => now - since >= STUCK);
    stuck.sort((left, right) => left.since - right.since);
    for (const holder of stuck) {
      if (!this.isOver) return;
      holder.cutOff();
      this.release(holder);
    }
  }
}
