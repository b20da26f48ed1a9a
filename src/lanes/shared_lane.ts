/**
 * The shared lane: one connection to Redis for all clients, for commands that leave no state. It
 * opens at the first request, and again after a loss.
 *
 * A slow client must not delay the others, so long replies wait in streams. If those hold too much
 * memory, the lane leaves its connection to the current reply, and the other clients continue over
 * a new one. It does the same if Redis answers nothing over its connection for a while: then a slow
 * request holds up all others, though Redis may serve them over another connection.
 *
 * @module
 */
import { saysBusy } from "../core/redis_errors.ts";
import { SAMPLED_PASSES } from "../core/stats.ts";
import { Failure, type Millis } from "../core/types.ts";
import type { Connection } from "../origin/wire/connection.ts";
import type { Passable } from "./passable.ts";
import type { Later } from "../core/later.ts";
import { HANG_UP } from "../core/reply_stream.ts";
import { LeftConnections } from "./left_connections.ts";
import { anybody, type Passed, Passing, type PassingOptions, type Sender } from "./passing.ts";
import { type Clock, Silence } from "./silence.ts";
import { within } from "../origin/within.ts";

export interface SharedLaneOptions extends PassingOptions {
  /** Opens a connection; a failure says why there is none. Never rejects. */
  readonly open: () => Promise<Connection | Failure>;
  /** Default: the real time. */
  readonly clock?: Clock;
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
  /** Resolves once the connections to the old place are closed. */
  #moved: Promise<void> = Promise.resolve();
  /** Requests of a lost connection, in order. They are sent again before those that wait. */
  #again: Passing[] = [];
  /** Requests that wait for the connection, in order. */
  #waiting: Passing[] = [];
  /** After a move: requests that wait for the last replies of the old place. Else null. */
  #held: Passing[] | null = null;
  readonly #left = new LeftConnections();
  readonly #silence: Silence;

  #passes = 0;

  constructor(readonly options: SharedLaneOptions) {
    this.#silence = new Silence(() => this.#look(), options.clock);
  }

  /** The open connections. The last one takes new requests. */
  get connections(): Connection[] {
    const all = [
      ...this.#left.connections,
      ...(this.#connection === null ? [] : [this.#connection]),
    ];
    return all.filter(({ loss }) => loss === null);
  }

  /**
   * Sends requests in one piece. The result is all their replies.
   *
   * @param replies The number of replies: more than one for a transaction in one piece.
   */
  pass(request: Passable, replies = 1, sender: Sender = anybody()): Later<Passed> {
    return this.begin(new Passing(this, request, replies, sender));
  }

  /**
   * Sends a request that `redirected` takes if it has to go elsewhere.
   *
   * @param order Its number in the order of all commands.
   */
  route(request: Passable, sender: Sender, order: number): Passing {
    const passing = new Passing(this, request, 1, sender);
    passing.isRouted = true;
    passing.order = order;
    return this.begin(passing);
  }

  /** Sends a request for the first time. */
  begin<T extends Passing>(passing: T): T {
    if (++this.#passes % SAMPLED_PASSES === 0) passing.begunAt = performance.now();
    this.send(passing);
    return passing;
  }

  /** Sends a request, over a new connection if there is none. */
  send(passing: Passing): void {
    if (this.#held !== null) this.#held.push(passing);
    else this.#send(passing, this.#waiting);
  }

  /** Sends a request that comes before those that wait. */
  sendAgain(passing: Passing): void {
    this.#send(passing, this.#again);
  }

  /** @param queue Where the request waits while there is no connection. */
  #send(passing: Passing, queue: Passing[]): void {
    if (passing.sender.isCut) return passing.finish(HANG_UP);
    const connection = this.#left.size === 0 ? this.#connection : this.#connectionFor(passing);
    if (connection !== null && connection.loss === null) {
      passing.connection = connection;
      passing.write(connection.out);
      connection.expect(passing.replies, passing);
      if (!this.#silence.isWatching) this.#silence.start();
    } else {
      queue.push(passing);
      this.opened();
    }
  }

  #connectionFor(passing: Passing): Connection | null {
    return this.#left.follow(passing) ?? this.#connection ?? this.#takeBack();
  }

  /** Makes later requests take a new connection. The old one ends once its requests are answered. */
  leave(connection: Connection): void {
    if (this.#connection === connection) this.#connection = null;
    this.#left.giveUp(connection);
  }

  /** Looks whether a slow request holds up all others. Returns whether to look again. */
  #look(): boolean {
    const connection = this.#connection ?? this.#takeBack();
    this.#left.sweep();
    if (connection?.loss === null && this.#silence.isLong(connection) && this.#left.hasRoom) {
      this.#connection = null;
      // Without such reads, a new connection is opened when another client sends a request.
      if (this.#left.leave(connection)) this.opened();
    }
    return this.#left.size > 0 || (this.#connection?.expected ?? 0) > 0;
  }

  /** Continues over a connection that was left, and over which replies come again. */
  #takeBack(inAnyCase = false): Connection | null {
    const connection = this.#left.takeBack(inAnyCase);
    if (connection === null) return null;
    this.#connection = connection;
    this.#sendWaiting();
    return connection;
  }

  #sendWaiting(): void {
    for (const passing of [...this.#again.splice(0), ...this.#waiting.splice(0)]) {
      this.send(passing);
    }
  }

  /**
   * Redis is somewhere else now: later requests go there, once those that were sent before are
   * answered or have waited long enough.
   */
  move(): void {
    this.#moves++;
    const old = this.connections;
    this.#left.clear();
    this.#connection = null;
    if (old.length === 0) return;
    this.#held = [];
    this.#moved = this.#finish(old);
    this.#opening ??= this.#moved.then(() => this.#open());
  }

  /** Ends connections once their requests are answered, or have waited long enough. */
  async #finish(connections: readonly Connection[]): Promise<void> {
    const answers = connections.map((one) => one.call("PING"));
    await within(Promise.allSettled(answers), LAST_ANSWERS).catch(() => {/* They are lost. */});
    for (const one of connections) one.close(MOVED);
    this.#waiting.push(...this.#held!);
    this.#held = null;
  }

  /**
   * Sends a command of the proxy itself, if there is a connection.
   *
   * @throws {Error} When Redis refuses it, or the connection is lost.
   */
  async tell(...words: string[]): Promise<void> {
    const current = this.#connection;
    for (const one of this.connections) {
      const told = one.call(...words);
      if (one === current) await told;
      // The answer may come after that of a script that runs for ever.
      else told.catch(() => {/* It goes on as before. */});
    }
  }

  /** Whether a request may be sent again after its connection is lost. */
  mayRepeat(request: Passable, isSent: boolean): boolean {
    return (!isSent || request.isRepeatable) && !this.#isClosed;
  }

  /** Ends the connections for good. */
  close(): void {
    this.#isClosed = true;
    this.#silence.stop();
    for (const one of this.connections) one.close("the proxy is stopping");
  }

  /** Resolves to null once there is a connection, or to the failure to open one. */
  opened(): Promise<Failure | null> {
    if (this.#opening === null && this.#connection?.loss === null) return Promise.resolve(null);
    return this.#opening ??= this.#open();
  }

  async #open(): Promise<Failure | null> {
    const moves = this.#moves;
    const opened = await this.#silence.opening(this.options.open());
    if (moves !== this.#moves && !this.#isClosed) {
      if (!(opened instanceof Failure)) opened.close(MOVED);
      await this.#moved;
      return await this.#open();
    }
    if (opened instanceof Failure) return await this.#failed(opened);
    // At the same moment: a request that comes now must not overtake those that wait.
    this.#opening = null;
    if (this.#isClosed) opened.close("the proxy is stopping");
    if ((this.#connection ?? this.#takeBack())?.loss === null) {
      opened.close("another connection is no longer silent");
      return null;
    }
    this.#connection = opened;
    for (const passing of this.#left.takeMovable()) this.#send(passing, this.#again);
    this.#sendWaiting();
    return null;
  }

  /** Could not open a connection. Continues over an old one, if there is one. */
  async #failed(failure: Failure): Promise<Failure | null> {
    if (this.#connection?.loss === null) return this.#opening = null;
    // All of Redis is silent. The requests that wait have not been sent, so they can wait longer.
    if (failure.reason === "timeout" && this.#left.mayTakeBack) return await this.#open();
    this.#opening = null;
    const isBusy = saysBusy(failure.message);
    if (!isBusy && this.#takeBack(true) !== null) return null;
    const moved = isBusy ? this.#left.takeMovable() : [];
    const all = [...moved, ...this.#again.splice(0), ...this.#waiting.splice(0)];
    for (const passing of all) passing.finish(failure);
    return failure;
  }
}
