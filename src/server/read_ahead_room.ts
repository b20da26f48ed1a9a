/**
 * The room for requests that are read ahead from slow clients: half of what the ledger allows.
 *
 * A part of it is open to all clients, so that a stalled client does not wait for another one. The
 * rest goes to one client at a time: otherwise each client could get part of what it needs, and
 * none of them all of it.
 *
 * @module
 */
import type { Ledger } from "./ledger.ts";

/** A client that is read ahead. */
export interface Reader {
  /** Bytes that are held for it. */
  readonly held: number;
}

export class ReadAheadRoom {
  /** The most bytes for one client. */
  readonly limit: number;
  /** The bytes that all clients share. Beyond them, only one client gets more. */
  readonly #shared: number;
  #held = 0;
  /** The client that gets more. */
  #favourite: Reader | null = null;

  /** @param requestBytes The most bytes for one client, unless the ledger has less room. */
  constructor(readonly ledger: Ledger, requestBytes: number) {
    const total = ledger.limit / 2;
    this.limit = Math.min(requestBytes, total);
    this.#shared = total - this.limit;
  }

  /** Bytes that are held for all clients. */
  get bytes(): number {
    return this.#held;
  }

  /** Takes room for a read: the wanted bytes, or those that are left. Returns their number. */
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

  /** Returns room. */
  release(bytes: number): void {
    this.#held -= bytes;
    this.ledger.remove(bytes);
  }

  /** Notes that a client needs no more room. */
  leave(reader: Reader): void {
    if (this.#favourite === reader) this.#favourite = null;
  }
}
