/**
 * Finds stalled clients: they read none of their replies, perhaps because they are not done
 * sending, and both sides would wait for each other. The proxy reads ahead from them, within a
 * budget.
 *
 * Bytes read ahead count like unread replies, and may be half of their limit. A part of the budget
 * is open to all clients, so that one stall does not wait for another. The rest goes to one client
 * at a time: otherwise all clients might get a part of what they need, and none enough.
 *
 * @module
 */
import type { Backlog, Holder } from "./reply_backlog.ts";
import type { Millis } from "../core/types.ts";

/** How long a client must have read nothing, and how often that is checked. */
const STALLED: Millis = 25;

/** A client that is read ahead. */
interface Reader {
  /** The bytes that are read ahead. */
  readonly held: number;
}

export class Stalls {
  /** Limit of one client, in bytes. */
  readonly limit: number;
  /** The part of the budget that is open to all clients, in bytes. */
  readonly #shared: number;
  /** Bytes that are read ahead of all clients. */
  #held = 0;
  /** The client that may always use its limit. */
  #favourite: Reader | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  /** @param requestBytes Limit of one client, unless the backlog has less room. */
  constructor(readonly backlog: Backlog, requestBytes: number) {
    const total = backlog.limit / 2;
    this.limit = Math.min(requestBytes, total);
    this.#shared = total - this.limit;
  }

  /** Bytes that are read ahead of all clients. */
  get bytes(): number {
    return this.#held;
  }

  /** Checks the clients with unread replies, as long as there are any. */
  watch(): void {
    if (this.#isStopped) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const now = performance.now();
      for (const client of this.backlog.holders) {
        this.watch();
        this.look(client, now);
      }
    }, STALLED);
  }

  /** Reads ahead from a client that has read nothing for a while. */
  look(client: Holder, now: Millis): void {
    if (now - client.since >= STALLED) client.readAhead();
  }

  /** Stops checking. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** Takes room for a read, at most what is left; returns the number of bytes. */
  grant(reader: Reader, wanted: number): number {
    const { backlog } = this;
    const bytes = Math.min(wanted, this.limit - reader.held);
    if (bytes === 0 || backlog.bytes + bytes > backlog.limit) return 0;
    const isOpen = this.#held + bytes <= this.#shared;
    if (!isOpen && (this.#favourite ??= reader) !== reader) return 0;
    this.#held += bytes;
    backlog.add(bytes);
    return bytes;
  }

  /** Frees room. */
  release(bytes: number): void {
    this.#held -= bytes;
    this.backlog.remove(bytes);
  }

  /** It needs no more room. */
  leave(reader: Reader): void {
    if (this.#favourite === reader) this.#favourite = null;
  }
}
