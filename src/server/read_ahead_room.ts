/**
 * The room for requests that are read ahead of slow clients: half of what the ledger allows.
 *
 * Part of it is open to all clients, so that one client's stall does not wait for another's. The rest
 * goes to one client at a time: else each could have a part of what it needs, and none all of it.
 *
 * @module
 */
import type { Ledger } from "./ledger.ts";

/** A client that is read ahead. */
export interface Reader {
  /** Bytes that it holds. */
  readonly held: number;
}

export class ReadAheadRoom {
  /** Bytes that one client may hold. */
  readonly limit: number;
  /** Bytes that all clients together may hold before only one gets more. */
  readonly #shared: number;
  #held = 0;
  /** The client that gets more. */
  #favourite: Reader | null = null;

  /** @param requestBytes What one client may hold, unless the ledger has less room. */
  constructor(readonly ledger: Ledger, requestBytes: number) {
    const total = ledger.limit / 2;
    this.limit = Math.min(requestBytes, total);
    this.#shared = total - this.limit;
  }

  /** Bytes that are held, by all clients. */
  get bytes(): number {
    return this.#held;
  }

  /** Takes room for a read: as much as is wanted, or left. Returns the number of bytes. */
  grant(reader: Reader, wanted: number): number {
    const { ledger } = this;
    const bytes = Math.min(wanted, this.limit - reader.held);
    if (bytes === 0 || ledger.bytes + bytes > ledger.limit) return 0;
    const isShared = this.#held + bytes <= this.#shared;
    if (!isShared && (this.#favourite ??= reader) !== reader) return 0;
    this.#held += bytes;
    ledger.add(bytes);
    return bytes;
  }

  /** Gives room back. */
  release(bytes: number): void {
    this.#held -= bytes;
    this.ledger.remove(bytes);
  }

  /** A client needs no more room. */
  leave(reader: Reader): void {
    if (this.#favourite === reader) this.#favourite = null;
  }
}
