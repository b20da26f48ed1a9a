/**
 * The replies that clients have not taken yet, over all clients: bounded in memory. A client that
 * takes its reply may be as slow as it likes while there is room; when there is none, those go that
 * have taken nothing for the longest time. What is read ahead of their requests counts too.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";

/** Size from which replies are counted: smaller ones are gone before it would be worth it. */
export const COUNTED_BYTES = 4 * 1024;

/** How long a client must have taken nothing to be cut off; one that reads is back sooner. */
const STUCK: Millis = 100;

/** A client with replies to take. */
export interface Holder {
  /** When it last took some. */
  readonly since: Millis;
  /** Reads on from it, though it takes nothing. */
  readAhead(): void;
  /** Ends its connection and lets go of its replies. */
  cutOff(): void;
}

export class Backlog {
  #bytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #holders = new Map<Holder, readonly ArrayBufferLike[]>();
  /** Memory that is held, and by how many: a value that many wait for is there once. */
  readonly #shares = new Map<ArrayBufferLike, number>();

  /**
   * @param limit Bytes that may be held.
   * @param onRelease Called when less is held than before.
   */
  constructor(readonly limit: number, public onRelease: () => void = () => {}) {}

  /** Bytes that are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether more is held than may be. */
  get isOver(): boolean {
    return this.#bytes > this.limit;
  }

  /** Those who have replies to take. */
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

  /** Counts it no longer. */
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

  /** The client has taken all of it, or will not. */
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

  /** Nobody else may ever come: who is stuck by then has to go all the same. */
  #lookAgain(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.relieve(performance.now());
      if (this.isOver) this.#lookAgain();
    }, STUCK);
  }

  /** Cuts off those who are stuck, the longest first, until the rest is within the limit. */
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
