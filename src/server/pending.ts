/**
 * The requests of one client whose replies are not made yet, in order. Replies that become known
 * together go out together: a client that pipelines gets one write, not one for each reply.
 *
 * @module
 */
import { turn } from "../core/event_loop.ts";
import { HANG_UP, ReplyStream } from "../core/reply_stream.ts";
import type { Output } from "./output.ts";
import type { ClientRequest, Phase } from "./protocol.ts";

/** The connection, as seen from here. */
export interface Replying {
  phase: Phase;
  readonly isClosed: boolean;
  /** Writes what is in the output. */
  flush(): Promise<void>;
  /** Ends the connection at once. */
  close(): void;
}

/** A request and what was found for it, as soon as that is known. */
class Slot {
  isKnown = true;

  constructor(readonly request: ClientRequest, public found: unknown) {
    if (found instanceof Promise) {
      this.isKnown = false;
      const settled = found.then((known) => {
        this.found = known;
        this.isKnown = true;
      });
      this.found = settled;
      // It must not reject. Should it, that is this client's end when its turn comes, not ours now.
      settled.catch(() => {});
    }
  }
}

export class PendingReplies {
  #slots: Slot[] = [];

  /** The number of requests that wait. */
  get length(): number {
    return this.#slots.length;
  }

  /** Adds a request. What was found for it may be a promise, which must not reject. */
  push(request: ClientRequest, found: unknown): void {
    this.#slots.push(new Slot(request, found));
  }

  /** Forgets all of them. */
  clear(): void {
    for (const { found } of this.#slots) if (found instanceof ReplyStream) found.cut();
    this.#slots.length = 0;
  }

  /** Waits for what is not known yet, and replies in order; none is pending then. */
  async settle(output: Output, to: Replying): Promise<void> {
    const slots = this.#slots.reverse();
    for (let slot = slots.pop(); slot !== undefined; slot = slots.pop()) {
      if (!slot.isKnown) {
        if (output.length > 0) await to.flush();
        if (to.isClosed) return this.clear();
        to.phase = "answering";
        await slot.found;
        // Others that became known in the same moment are noted before this goes on.
        await undefined;
      }
      if (slot.found instanceof ReplyStream) await this.#relay(slot.found, output, to);
      else if (slot.found === HANG_UP) await this.#hangUp(output, to);
      else if (slot.request.reply(output, slot.found) === false) {
        if (!await this.#goOn(slot, output, to)) return this.clear();
      }
      // A write may never end: what was replied must not be held as long.
      slot.found = undefined;
      if (output.full) await to.flush();
    }
  }

  /** Makes the rest of a long reply, in turns with others; false if the client has left. */
  async #goOn({ request, found }: Slot, output: Output, to: Replying): Promise<boolean> {
    do {
      await turn();
      if (to.isClosed) return false;
    } while (request.reply(output, found) === false);
    return true;
  }

  /** Hands a long reply on, part by part. */
  async #relay(stream: ReplyStream, output: Output, to: Replying): Promise<void> {
    for (let part = await stream.next(); part !== null; part = await stream.next()) {
      output.bytes(part);
      await to.flush();
      if (to.isClosed) stream.cut();
    }
    if (stream.isCut) await this.#hangUp(output, to);
  }

  async #hangUp(output: Output, to: Replying): Promise<void> {
    if (output.length > 0 && !to.isClosed) await to.flush();
    to.close();
    this.clear();
  }
}
