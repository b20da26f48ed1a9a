/**
 * The shared lane: one connection to Redis for all clients, for commands that leave no state. It
 * opens at the first request, and again after a loss.
 *
 * A slow client must not delay the others, so long replies wait in streams. If those hold too much
 * memory, the lane leaves its connection to the current reply, and the other clients continue over
 * a new one.
 *
 * @module
 */
import { SAMPLED_PASSES } from "../core/stats.ts";
import { Failure, type Millis } from "../core/types.ts";
import type { Connection } from "../origin/wire/connection.ts";
import { requestOf } from "../origin/wire/outbox.ts";
import type { Passable } from "./passable.ts";
import type { Later } from "../core/later.ts";
import { HANG_UP } from "../core/reply_stream.ts";
import { anybody, type Passed, Passing, type PassingOptions, type Sender } from "./passing.ts";
import { within } from "../origin/within.ts";

export interface SharedLaneOptions extends PassingOptions {
  /** Opens a connection; a failure says why there is none. Never rejects. */
  readonly open: () => Promise<Connection | Failure>;
}

const MOVED = "Redis is somewhere else now";

/** How long requests may take that were sent before Redis moved. */
const LAST_ANSWERS: Millis = 100;

export class SharedLane {
  #connection: Connection | null = null;
  #opening: Promise<Failure | null> | null = null;
  #isClosed = false;
  /** How often Redis has moved. */
  #moves = 0;
  /** Requests that wait for the connection, in order. */
  #waiting: Passing[] = [];
  /** Requests that wait until those on the old connection are done; null if there is none. */
  #held: Passing[] | null = null;
  /** Connections that were left to a long reply. They take no new requests. */
  readonly #left = new Set<Connection>();

  #passes = 0;

  constructor(readonly options: SharedLaneOptions) {}

  /** The number of open connections. */
  get connections(): number {
    return this.#left.size + (this.#connection?.loss === null ? 1 : 0);
  }

  /** The connection that takes new requests; null before the first one. */
  get connection(): Connection | null {
    return this.#connection;
  }

  /** The number of requests without a reply. */
  get outstanding(): number {
    return this.#connection?.expected ?? 0;
  }

  /**
   * Sends requests in one piece. The result is all their replies.
   *
   * @param replies The number of replies: more than one for a transaction in one piece.
   */
  pass(request: Passable, replies = 1, sender: Sender = anybody()): Later<Passed> {
    const passing = new Passing(this, request, replies, sender);
    if (++this.#passes % SAMPLED_PASSES === 0) passing.begunAt = performance.now();
    this.send(passing);
    return passing;
  }

  /** Sends a request that `redirected` takes if it has to go elsewhere. */
  route(request: Passable, sender: Sender): Passing {
    const passing = new Passing(this, request, 1, sender);
    passing.isRouted = true;
    if (++this.#passes % SAMPLED_PASSES === 0) passing.begunAt = performance.now();
    this.send(passing);
    return passing;
  }

  /** Sends a request, over a new connection if there is none. */
  send(passing: Passing): void {
    if (this.#held !== null) this.#held.push(passing);
    else this.sendAgain(passing);
  }

  /** Sends a request that comes before those that are held. */
  sendAgain(passing: Passing): void {
    if (passing.sender.isCut) return passing.finish(HANG_UP);
    const connection = this.#connection;
    if (connection !== null && connection.loss === null) {
      passing.connection = connection;
      connection.send(passing.request.bytes, passing.replies, passing);
    } else {
      this.#waiting.push(passing);
      this.opened();
    }
  }

  /**
   * Makes later requests take a new connection. The old one ends once all its requests are
   * answered.
   */
  leave(connection: Connection): void {
    if (this.#connection !== connection) return;
    this.#connection = null;
    this.#left.add(connection);
    const end = () => {
      this.#left.delete(connection);
      connection.close("its work is done");
    };
    connection.send(requestOf("PING"), 1, { reply: end, lost: end });
  }

  /**
   * Redis is somewhere else now: later requests go there, once those that were sent before are
   * answered or have waited long enough.
   */
  move(): void {
    this.#moves++;
    for (const one of [...this.#left]) one.close(MOVED);
    const connection = this.#connection;
    this.#connection = null;
    if (connection === null || connection.loss !== null) return;
    this.#held = [];
    this.#opening = this.#finish(connection).then(() => this.#open());
  }

  /** Ends a connection once its requests are answered, or have waited long enough. */
  async #finish(connection: Connection): Promise<void> {
    await within(connection.call("PING"), LAST_ANSWERS).catch(() => {/* They are lost. */});
    connection.close(MOVED);
    // Behind those that were lost and are sent again.
    this.#waiting.push(...this.#held!);
    this.#held = null;
  }

  /**
   * Sends a command of the proxy itself, if there is a connection.
   *
   * @throws {Error} When Redis refuses it, or the connection is lost.
   */
  async tell(...words: string[]): Promise<void> {
    if (this.#connection?.loss === null) await this.#connection.call(...words);
  }

  /** Whether a request may be sent again after its connection is lost. */
  mayRepeat(request: Passable, isSent: boolean): boolean {
    return (!isSent || request.isRepeatable) && !this.#isClosed;
  }

  /** Ends the connection for good. */
  close(): void {
    this.#isClosed = true;
    for (const one of [...this.#left, this.#connection]) one?.close("the proxy is stopping");
  }

  /** Resolves to null once there is a connection, or to the failure to open one. */
  opened(): Promise<Failure | null> {
    if (this.#opening === null && this.#connection?.loss === null) return Promise.resolve(null);
    return this.#opening ??= this.#open();
  }

  async #open(): Promise<Failure | null> {
    const moves = this.#moves;
    const opened = await this.options.open();
    if (moves !== this.#moves && !this.#isClosed) {
      if (!(opened instanceof Failure)) opened.close(MOVED);
      return await this.#open();
    }
    const failure = opened instanceof Failure ? opened : null;
    if (!(opened instanceof Failure)) this.#connection = opened;
    if (this.#isClosed) this.#connection?.close("the proxy is stopping");
    // At the same moment: a request that comes now must not overtake those that wait.
    this.#opening = null;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const passing of waiting) {
      if (failure === null) this.send(passing);
      else passing.finish(failure);
    }
    return failure;
  }
}
