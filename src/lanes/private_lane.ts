/**
 * A private lane: one client's own connection to Redis, for everything that needs state. Replies
 * and messages go to the client in the order of Redis. While the client does not read them, the
 * lane does not read from Redis.
 *
 * @module
 */
import type { Histogram } from "../core/histogram.ts";
import type { Failure } from "../core/types.ts";
import type { OriginAddress } from "../origin/address.ts";
import type { Connection } from "../origin/wire/connection.ts";
import type { ChangeLog } from "./changes.ts";
import type { ConnectionState } from "./connection_state.ts";
import type { LaneClient } from "./lane_client.ts";
import { OwnCommand } from "./own_command.ts";
import type { Passable } from "./passable.ts";
import { PrivateChanges } from "./private_changes.ts";
import { PrivateFrames } from "./private_frames.ts";
import { PrivateReplies, type ReplySink, STREAMS } from "./private_replies.ts";

/** Commands that Redis refuses while a reply waits to be sent. */
const ALONE = new Set([...STREAMS, "script|debug"]);

/** A transaction before EXEC. */
export interface Begun {
  /** The commands that Redis has queued. */
  readonly commands: readonly Passable[];
  /** Whether Redis has refused to queue another one, so that EXEC fails. */
  readonly isBroken: boolean;
}

export class PrivateLane {
  /** The id of the connection at Redis; null if Redis does not say. */
  upstreamId: number | null = null;
  /** Where it leads; undefined if there is only one place. */
  place: OriginAddress | undefined;
  /** Called after each request and each reply. */
  onChange: () => void = () => {};
  /** Called after each reply. */
  onReply: () => void = () => {};
  /** Called if Redis does not answer over a connection that was opened in advance. */
  onSilent: (failure: Failure) => void = () => {};
  /** Called once when Redis ends the connection. */
  onEnd: () => void = () => {};
  /** Resolves once the cache knows what its lost requests may have changed. */
  ended: Promise<void> = Promise.resolve();
  /** Called once when the connection is closed, by either side. */
  onClosed: () => void = () => {};
  /** The same, for those who send messages to its client. */
  onLost: () => void = () => {};
  readonly #changes: PrivateChanges;
  readonly #replies: PrivateReplies;
  readonly #frames: PrivateFrames;
  /** Waits while the connection takes no command of the proxy. */
  readonly #own = new OwnCommand();

  constructor(
    readonly connection: Connection,
    readonly state: ConnectionState,
    cache: ChangeLog,
    readonly client:
      & Pick<LaneClient, "isCausal">
      & Partial<Pick<LaneClient, "login" | "version" | "leaveOut">> = {
        isCausal: false,
      },
  ) {
    this.#changes = new PrivateChanges(cache, state, client, connection);
    this.#replies = new PrivateReplies(connection, state, this.#changes, client);
    this.#frames = new PrivateFrames(connection, this.#replies);
    this.#replies.onReply = () => this.#answered();
    connection.onEnd = () => this.#ended();
  }

  /** Takes the replies. Set while this lane serves the client. */
  set sink(sink: ReplySink) {
    this.#replies.sink = sink;
  }

  /** The durations of requests. */
  set latency(latency: Histogram) {
    this.#replies.latency = latency;
  }

  /** The number of requests without a delivered reply, and of the proxy's replies after them. */
  get outstanding(): number {
    return this.#replies.outstanding;
  }

  /** Whether no request is in flight and the connection holds no state. */
  get isIdle(): boolean {
    return this.outstanding === 0 && this.state.isClean;
  }

  /** The transaction so far, if a new one over another lane may replace it; null if it must stay. */
  get movable(): Begun | null {
    const { queued } = this.#changes;
    const mayMove = this.outstanding === 0 && this.state.isBareTransaction && queued.isRepeatable;
    return mayMove ? { commands: queued.all, isBroken: queued.isBroken } : null;
  }

  /** Whether Redis may queue the next command in a transaction. */
  get mayBeInTransaction(): boolean {
    return this.state.isInTransaction || this.#replies.slots.transactions > 0;
  }

  /** Whether a command is in flight that may wait for other clients. */
  get mayBlock(): boolean {
    return this.#replies.slots.waits > 0;
  }

  /** Whether Redis waits for other clients now: all commands before that one are answered. */
  get isBlocked(): boolean {
    return this.#replies.slots.isBlocked && !this.state.isInTransaction;
  }

  /** Whether no request in flight changes anything. */
  get isHarmless(): boolean {
    return this.#replies.slots.isHarmless;
  }

  /** Whether the next command may meet subscriptions, or anything else that changes its answer. */
  get mayBeSubscribed(): boolean {
    return this.#replies.mayBeSubscribed;
  }

  /** Whether Redis refuses a request while earlier ones are unanswered. */
  mustBeAlone({ name }: Passable): boolean {
    return ALONE.has(name) && !this.mayBeInTransaction && this.outstanding > 0;
  }

  /** Sends a request. */
  send(request: Passable, isMuted: boolean): void {
    if (this.state.isOpaque) {
      this.#changes.add(request.written);
    } else {
      this.#replies.slots.request(request, isMuted);
      this.#replies.foresee();
    }
    this.connection.out.bytes(request.bytes);
    this.connection.flush();
    this.onChange();
  }

  /**
   * Sends a command of the proxy itself as soon as the connection takes one: not within a transaction
   * or among messages.
   *
   * @throws {Error} When Redis refuses it.
   */
  tell(words: readonly string[]): Promise<void> {
    // Another user's connection keeps that user.
    if (this.client.login != null) return Promise.resolve();
    const told = this.#own.set(words);
    this.#tellNow();
    return told;
  }

  #tellNow(): void {
    const { state } = this;
    const isTaking = !this.mayBeInTransaction && !state.isOpaque && !state.isMonitoring &&
      (this.client.version === 3 || !this.mayBeSubscribed);
    const own = isTaking ? this.#own.take() : null;
    if (own !== null) this.send(own, true);
  }

  /** Sends a reply of the proxy, in its turn. */
  answer(local: Uint8Array): void | Promise<void> {
    return this.#replies.answer(local);
  }

  /** Passes a message of another connection, between two frames of this one. */
  push(message: Uint8Array): void | Promise<void> {
    return this.#frames.push(message);
  }

  /**
   * Ends the requests, and passes the replies that still come. Redis executes what has arrived, and
   * then ends the connection, even if a command still blocks.
   */
  endRequests(): void {
    // Not even a microtask may pass: a push of another client must not reach Redis before the end.
    if (this.connection.isDrained) this.#closeWrite();
    else this.connection.drained().then(() => this.#closeWrite());
  }

  /** Ends the connection. Redis may still execute what was sent. */
  close(why: string): void {
    // A close takes effect only once the pending read has ended, and Redis must know at once: else it
    // gives a client that has left what nobody takes.
    this.#closeWrite();
    this.connection.close(why);
  }

  #closeWrite(): void {
    const { socket } = this.connection as { socket: Partial<Pick<Deno.Conn, "closeWrite">> };
    if (this.connection.loss === null) socket.closeWrite?.().catch(() => {});
  }

  #answered(): void {
    this.#tellNow();
    this.onChange();
    this.onReply();
  }

  /** Notes that the connection is lost. Nobody knows whether its requests were executed. */
  #ended(): void {
    this.#own.drop(); // The next connection uses it.
    this.onClosed();
    this.onLost();
    const settled = this.#changes.lost(this.#replies.slots.takeRequests());
    this.#replies.slots.clear();
    if (settled === undefined) this.onEnd();
    else this.ended = settled.then(() => this.onEnd());
  }
}
