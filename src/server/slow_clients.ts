/**
 * Finds the clients that are stalled: they take none of their replies, maybe for they are not done
 * sending, and both sides would wait for each other. These are read on from, within a budget.
 *
 * What is read ahead counts as replies do that are not taken yet, and may be half of those. Some of
 * the budget is open to all, so that one client's stall does not wait for another's; the rest to one
 * at a time: all could have a part of what they need, and none come to an end.
 *
 * @module
 */
import type { Backlog, Holder } from "./reply_backlog.ts";
import type { Millis } from "../core/types.ts";

/** How long a client must have taken nothing, and how often that is looked at. */
const STALLED: Millis = 25;

/** A client that is read on from. */
interface Reader {
  /** Bytes that are read ahead of it. */
  readonly held: number;
}

export class Stalls {
  /** Bytes that may be read ahead of one client. */
  readonly limit: number;
  /** Bytes that are open to all clients together. */
  readonly #shared: number;
  /** Bytes that are read ahead. */
  #held = 0;
  /** The client that may have its limit in any case. */
  #favourite: Reader | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  /** @param requestBytes What may be read ahead of one client, unless the backlog has less room. */
  constructor(readonly backlog: Backlog, requestBytes: number) {
    const total = backlog.limit / 2;
    this.limit = Math.min(requestBytes, total);
    this.#shared = total - this.limit;
  }

  /** Bytes that are read ahead, of all clients. */
  get bytes(): number {
    return this.#held;
  }

  /** Looks at those who hold replies, for as long as there are any. */
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

  /** Reads on from a client that has taken nothing for a while. */
  look(client: Holder, now: Millis): void {
    if (now - client.since >= STALLED) client.readAhead();
  }

  /** Looks no more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** Takes room for a read, as much as is wanted or is left; returns the number of bytes. */
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

  /** Gives room back. */
  release(bytes: number): void {
    this.#held -= bytes;
    this.backlog.remove(bytes);
  }

  /** It needs no more room. */
  leave(reader: Reader): void {
    if (this.#favourite === reader) this.#favourite = null;
  }
}
