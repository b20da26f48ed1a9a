/**
 * The requests of one client without a reply, in order. Replies that become ready together leave
 * together: a client that pipelines gets one write, not one for each reply.
 *
 * @module
 */
import { turn } from "../core/event_loop.ts";
import { Later } from "../core/later.ts";
import { HANG_UP, ReplyStream } from "../core/reply_stream.ts";
import type { ClientRequest } from "./protocol.ts";
import type { Writer } from "./writer.ts";

/** The client's connection. */
export interface Waiting {
  readonly isClosed: boolean;
  /** Ends the connection at once. */
  close(): void;
}

/** A request and its answer, once it is known. */
class Slot {
  isKnown = true;

  constructor(readonly request: ClientRequest, public found: unknown) {
    if (found instanceof Later) {
      this.isKnown = false;
    } else if (found instanceof Promise) {
      this.isKnown = false;
      const settled = found.then((known) => {
        this.found = known;
        this.isKnown = true;
      });
      this.found = settled;
      // It must not reject. If it does, that ends this connection in its turn, and not the process.
      settled.catch(() => {});
    }
  }

  know(found: Later<unknown>): void {
    this.found = found.value;
    this.isKnown = true;
  }
}

export class PendingReplies {
  #slots: Slot[] = [];
  /** The way to Redis that all of them take. */
  #way: string | undefined;

  /** The number of waiting requests. */
  get length(): number {
    return this.#slots.length;
  }

  /**
   * Whether a request must wait for all these replies, because it could overtake their requests.
   */
  keepsWaiting({ way }: ClientRequest): boolean {
    return this.#slots.length > 0 && way !== undefined && way !== this.#way;
  }

  /** Adds a request and its answer. The answer may be a promise, which must not reject. */
  push(request: ClientRequest, found: unknown): void {
    if (this.#slots.length === 0) this.#way = request.way;
    this.#slots.push(new Slot(request, found));
  }

  /** Drops all requests. */
  clear(): void {
    for (const slot of this.#slots) {
      if (slot.found instanceof Later) slot.found.isAbandoned = true;
      const found = slot.found instanceof Later ? slot.found.value : slot.found;
      if (found instanceof ReplyStream) found.cut();
    }
    this.#slots.length = 0;
  }

  /** Waits for all answers, and replies in order. */
  async settle(writer: Writer, client: Waiting): Promise<void> {
    const { output, activity } = writer;
    const slots = this.#slots.reverse();
    for (let slot = slots.pop(); slot !== undefined; slot = slots.pop()) {
      if (slot.found instanceof Later && slot.found.isKnown) slot.know(slot.found);
      if (!slot.isKnown) {
        if (output.length > 0) await writer.flush();
        if (client.isClosed) return this.clear();
        activity.answer();
        const { found } = slot;
        if (found instanceof Later) {
          await found.known();
          slot.know(found);
        } else {
          await found;
          // Answers of the same turn are noted first.
          await undefined;
        }
      }
      if (slot.found instanceof ReplyStream) await this.#relay(slot, writer, client);
      else if (slot.found === HANG_UP) await this.#hangUp(writer, client);
      else if (slot.request.reply(output, slot.found) === false) {
        if (!await this.#goOn(slot, writer, client)) return this.clear();
      }
      // A write may never end, and must not hold the value meanwhile.
      slot.found = undefined;
      if (output.full) await writer.flush();
    }
  }

  /**
   * Makes the rest of a long reply, taking turns with other clients; false if the client has left.
   */
  async #goOn({ request, found }: Slot, { output }: Writer, client: Waiting): Promise<boolean> {
    do {
      await turn();
      if (client.isClosed) return false;
    } while (request.reply(output, found) === false);
    return true;
  }

  /** Passes a long reply part by part. */
  async #relay(
    { request, found }: Slot,
    writer: Writer,
    client: Waiting,
  ): Promise<void> {
    const stream = found as ReplyStream;
    let bytes = 0;
    try {
      for (let part = await stream.next(); part !== null; part = await stream.next()) {
        writer.output.bytes(part);
        bytes += part.length;
        await writer.flush();
        if (client.isClosed) stream.cut();
      }
    } catch (error) {
      // The client has left: drops the rest, which would otherwise block the connection to Redis.
      stream.cut();
      throw error;
    }
    request.relayed?.(bytes);
    if (stream.isCut) await this.#hangUp(writer, client);
  }

  async #hangUp(writer: Writer, client: Waiting): Promise<void> {
    if (writer.output.length > 0 && !client.isClosed) await writer.flush();
    client.close();
    this.clear();
  }
}
