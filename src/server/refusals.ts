/**
 * Refuses the clients beyond the limit, with an answer in their own protocol. The number of
 * simultaneous refusals is limited, because each one holds a descriptor.
 *
 * @module
 */
import { Arrival } from "./arrival.ts";
import { close, isGone, linger } from "./closing.ts";
import { Input } from "./input.ts";
import type { Log } from "../core/log.ts";
import { Output } from "./output.ts";
import { peerOf } from "./peer.ts";
import type { Millis } from "../core/types.ts";
import type { Service } from "./service.ts";

/** Redis's own error, for a client of unknown protocol. */
const TOO_MANY = new TextEncoder().encode("-ERR max number of clients reached\r\n");

/** How long a client may take to show its protocol. */
const PATIENCE: Millis = 100;

/** How long a refusal may take: over TLS, it must wait for the client. */
const LIMIT: Millis = 1000;

export class Refusals {
  #count = 0;

  /** @param limit How many clients may be refused at the same time. */
  constructor(readonly service: Service, readonly limit: number, readonly log: Log) {}

  /**
   * Refuses a client.
   *
   * @returns Resolves when the next client may be accepted; `undefined` means at once.
   */
  turnAway(conn: Deno.Conn): Promise<void> | undefined {
    this.service.stats.clientsRefused++;
    const isCrowded = this.#count >= this.limit;
    const done = this.#turnAway(conn, isCrowded ? 0 : PATIENCE);
    return isCrowded ? done : undefined;
  }

  async #turnAway(conn: Deno.Conn, patience: Millis): Promise<void> {
    this.#count++;
    const end = setTimeout(() => close(conn), patience === 0 ? PATIENCE : LIMIT);
    try {
      const input = new Input();
      const first = conn.read(input.room()).then((count) => input.received(count ?? 0), () => {});
      await within(patience, first);
      const output = new Output();
      const arrival = new Arrival(this.service.entrance, peerOf(conn));
      const protocol = arrival.converse(input) ?? arrival.guess(input);
      protocol?.turnAway?.(output, input);
      if (output.length === 0) output.bytes(TOO_MANY);
      await output.flush(conn);
      await conn.closeWrite();
      if (patience > 0) await within(patience, first.then(() => linger(conn, input.bytes)));
    } catch (error) {
      if (!isGone(error)) this.log.debug("Cannot refuse a client", { why: String(error) });
    } finally {
      clearTimeout(end);
      this.#count--;
      close(conn);
    }
  }
}

/** Resolves when a promise resolves, or after a time. */
async function within(limit: Millis, promise: Promise<unknown>): Promise<void> {
  let timer;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, limit));
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
