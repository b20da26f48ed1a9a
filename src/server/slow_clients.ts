/**
 * Handles the clients that read their replies more slowly than these arrive:
 *
 * - A client that reads nothing for a moment may have to send all of its requests first. Both sides
 *   would wait for each other, so the proxy reads ahead from it (read_ahead.ts).
 * - A client may be as slow as it likes while there is memory for its replies. When there is none,
 *   the clients that have read nothing for the longest time are disconnected.
 *
 * @module
 */
import type { Ledger } from "./ledger.ts";
import { ReadAheadRoom } from "./read_ahead_room.ts";
import type { Millis } from "../core/types.ts";

/** Size from which replies are counted. Smaller ones are gone before counting is worth it. */
export const COUNTED_BYTES = 4 * 1024;

/**
 * How long a client must have read nothing before the proxy reads ahead, and how often to check.
 */
const STALLED: Millis = 25;

/**
 * How long a client must have read nothing to be cut off. A client that is still reading shows it
 * sooner.
 */
const STUCK: Millis = 100;

/** A client with replies to take. */
export interface SlowClient {
  /** When it last read some of them. */
  readonly tookAt: Millis;
  /** Reads ahead from it, though it reads nothing. */
  readAhead(): void;
  /** Ends its connection and forgets its replies. */
  cutOff(): void;
}

export class SlowClients {
  readonly room: ReadAheadRoom;
  /** The number of sweeps so far. A write during which it stays the same took no time. */
  sweeps = 0;
  readonly #replies = new Map<SlowClient, readonly ArrayBufferLike[]>();
  #watch: ReturnType<typeof setTimeout> | undefined;
  #relief: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  /** @param requestBytes How many bytes one client may be read ahead. */
  constructor(readonly ledger: Ledger, requestBytes: number) {
    this.room = new ReadAheadRoom(ledger, requestBytes);
  }

  /** The clients whose replies are counted. */
  get clients(): Iterable<SlowClient> {
    return this.#replies.keys();
  }

  /** Counts the memory of a client's replies, until `release`. */
  hold(client: SlowClient, memory: readonly ArrayBufferLike[], now: Millis): void {
    this.release(client);
    this.#replies.set(client, memory);
    this.ledger.hold(memory);
    this.#watchOn();
    if (this.ledger.isOver) this.relieve(now);
  }

  /** Whether a client's replies are counted. */
  holds(client: SlowClient): boolean {
    return this.#replies.has(client);
  }

  /** A client has read its replies, or never will. */
  release(client: SlowClient): void {
    if (this.#replies.size === 0) return;
    const memory = this.#replies.get(client);
    if (memory === undefined) return;
    this.#replies.delete(client);
    this.ledger.release(memory);
    if (this.#relief !== undefined && !this.ledger.isOver) this.#calmDown();
  }

  /** Cuts off clients that are stuck, longest first, until there is room for the others. */
  relieve(now: Millis): void {
    const stuck = [...this.#replies.keys()].filter(({ tookAt }) => now - tookAt >= STUCK);
    stuck.sort((left, right) => left.tookAt - right.tookAt);
    for (const client of stuck) {
      if (!this.ledger.isOver) return;
      client.cutOff();
      this.release(client);
    }
    if (this.ledger.isOver) this.#relieveLater();
  }

  /** Reads ahead from a client that has read nothing for a while. */
  look(client: SlowClient, now: Millis): void {
    if (now - client.tookAt >= STALLED) client.readAhead();
  }

  /** Call this regularly, before the server looks at each client. */
  sweep(now: Millis): void {
    this.sweeps++;
    if (this.ledger.isOver) this.relieve(now);
  }

  /** Stops watching clients. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#watch);
    this.#calmDown();
  }

  /** Watches the clients with counted replies, as long as there are any. */
  #watchOn(): void {
    if (this.#isStopped) return;
    this.#watch ??= setTimeout(() => {
      this.#watch = undefined;
      if (this.#replies.size > 0) this.#watchOn();
      const now = performance.now();
      for (const client of this.#replies.keys()) this.look(client, now);
    }, STALLED);
  }

  /**
   * Clients that are not stuck yet may be soon, and perhaps no other event would check them then.
   */
  #relieveLater(): void {
    if (this.#isStopped) return;
    this.#relief ??= setTimeout(() => {
      this.#relief = undefined;
      if (this.ledger.isOver) this.relieve(performance.now());
    }, STUCK);
  }

  #calmDown(): void {
    clearTimeout(this.#relief);
    this.#relief = undefined;
  }
}
