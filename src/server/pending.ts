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
  #isKnown = true;

  constructor(readonly request: ClientRequest, public found: unknown) {
    if (!(found instanceof Promise)) return;
    this.#isKnown = false;
    const settled = found.then((known) => {
      this.found = known;
      this.#isKnown = true;
    });
    // Answers of the same turn are noted first.
    this.found = settled.then(() => {});
    // It must not reject. If it does, that ends this connection in its turn, and not the process.
    (this.found as Promise<void>).catch(() => {});
  }

  /** What to wait for until the answer is known; null once it is known. */
  wait(): Promise<unknown> | null {
    const { found } = this;
    if (found instanceof Later) {
      if (!found.isKnown) return found.known();
      this.found = found.value;
    } else if (!this.#isKnown) {
      return found as Promise<unknown>;
    }
    return null;
  }
}

export class PendingReplies {
  #slots: Slot[] = [];
  /** The first slot without a reply. */
  #head = 0;
  /** The way to Redis that all of them take. */
  #way: string | undefined;

  /** The number of waiting requests. */
  get length(): number {
    return this.#slots.length - this.#head;
  }

  /**
   * Whether a request must wait for all these replies, because it could overtake their requests.
   */
  keepsWaiting({ way }: ClientRequest): boolean {
    return this.length > 0 && way !== undefined && way !== this.#way;
  }

  /** Adds a request and its answer. The answer may be a promise, which must not reject. */
  push(request: ClientRequest, found: unknown): void {
    if (this.length === 0) this.#way = request.way;
    this.#slots.push(new Slot(request, found));
  }

  /** Drops all requests. */
  clear(): void {
    for (const slot of this.#slots) {
      if (slot.found instanceof Later) slot.found.isAbandoned = true;
      const found = slot.found instanceof Later ? slot.found.value : slot.found;
      if (found instanceof ReplyStream) found.cut();
    }
    this.#slots.length = this.#head = 0;
  }

  /**
   * Replies in order, as far as the answers are known.
   *
   * It is not asynchronous itself, because most calls end without a wait, and a miss of a client that
   * sends one request at a time has one wait only.
   *
   * @returns What to wait for before the next call; null once all requests have their replies.
   */
  advance(writer: Writer, client: Waiting): Promise<unknown> | null {
    const { output, activity } = writer;
    const slots = this.#slots;
    while (this.#head < slots.length) {
      const slot = slots[this.#head]!;
      const wait = slot.wait();
      if (wait !== null) {
        if (output.length > 0) return writer.flush();
        if (client.isClosed) break;
        activity.answer();
        return wait;
      }
      this.#head++;
      const { request, found } = slot;
      // A write may never end, and must not hold the value meanwhile.
      slot.found = undefined;
      if (found instanceof ReplyStream) return this.#relay(request, found, writer, client);
      if (found === HANG_UP) return this.#hangUp(writer, client);
      if (request.reply(output, found) === false) {
        return this.#goOn(request, found, writer, client);
      }
      if (output.full) return writer.flush();
    }
    if (this.length > 0) this.clear();
    else this.#slots.length = this.#head = 0;
    return null;
  }

  /** Makes the rest of a long reply, taking turns with other clients. */
  async #goOn(
    request: ClientRequest,
    found: unknown,
    writer: Writer,
    client: Waiting,
  ): Promise<void> {
    const { output } = writer;
    do {
      await turn();
      if (client.isClosed) return this.clear();
    } while (request.reply(output, found) === false);
    if (output.full) await writer.flush();
  }

  /** Passes a long reply part by part. */
  async #relay(
    request: ClientRequest,
    stream: ReplyStream,
    writer: Writer,
    client: Waiting,
  ): Promise<void> {
    let bytes = 0;
    try {
      for (let part = await stream.next(); part !== null; part = await stream.next()) {
        writer.output.bytes(part);
        bytes += part.length;
        await writer.flush();
        // It may take Redis long to send the next part. The client is not slow meanwhile.
        writer.activity.answer();
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
