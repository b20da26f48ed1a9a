/**
 * A private lane: one client's own connection to Redis, for everything that needs state. Replies
 * and messages go to the client in the order of Redis. While the client does not read them, the
 * lane does not read from Redis.
 *
 * @module
 */
import type { Failure } from "../core/types.ts";
import type { OriginAddress } from "../origin/address.ts";
import type { Connection } from "../origin/wire/connection.ts";
import type { ChangeLog } from "./changes.ts";
import type { ConnectionState } from "./connection_state.ts";
import type { Histogram } from "../core/histogram.ts";
import type { LaneClient } from "./lane_client.ts";
import { LongReply } from "./long_reply.ts";
import { OwnCommand } from "./own_command.ts";
import type { Passable } from "./passable.ts";
import { PrivateChanges } from "./private_changes.ts";
import { isMonitorLine, shownLine } from "./monitor_line.ts";
import { confirmationOf, type FrameKind, isError, kindOf } from "./reply_kind.ts";
import { type Slot, Slots } from "./slots.ts";

/**
 * Takes replies, and copies their bytes. If `write` returns a promise, the next bytes wait for it.
 */
export interface ReplySink {
  write(bytes: Uint8Array, from: number, to: number): void | Promise<void>;
}

/** Commands whose replies are a stream that is not RESP. */
const STREAMS = new Set(["sync", "psync"]);

/** Commands that Redis refuses while a reply waits to be sent. */
const ALONE = new Set([...STREAMS, "script|debug"]);

export class PrivateLane {
  /** The id of the connection at Redis; null if Redis does not say. */
  upstreamId: number | null = null;
  /** The durations of requests. */
  latency: Histogram | null = null;
  /** Where it leads; undefined if there is only one place. */
  place: OriginAddress | undefined;
  /** Takes the replies. Set while this lane serves the client. */
  sink: ReplySink = { write() {} };
  /** Called after each request and each reply. */
  onChange: () => void = () => {};
  /** Called after each reply. */
  onReply: () => void = () => {};
  /** Called if Redis does not answer over a connection that was opened in advance. */
  onSilent: (failure: Failure) => void = () => {};
  /** Called once when Redis ends the connection. */
  onEnd: () => void = () => {};
  /** Called once when the connection is closed, by either side. */
  onClosed: () => void = () => {};
  /** The same, for those who send messages to its client. */
  onLost: () => void = () => {};
  readonly #slots = new Slots();
  readonly #changes: PrivateChanges;
  /** Waits while the connection takes no command of the proxy. */
  readonly #own = new OwnCommand();
  /** Replies that have come, and wait until their changes are known. */
  #held = 0;
  /** The long reply whose parts are arriving; null for none. */
  #long: LongReply | null = null;

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
    const frame = (bytes: Uint8Array, from: number, to: number) => this.#frame(bytes, from, to);
    connection.onPush = frame;
    connection.stray = {
      reply: frame,
      part: (bytes, from, to) => this.#part(bytes, from, to),
      lost() {},
    };
    connection.onEnd = () => this.#ended();
  }

  /** The number of requests without a delivered reply, and of the proxy's replies after them. */
  get outstanding(): number {
    return this.#slots.length + this.#held;
  }

  /** Whether no request is in flight and the connection holds no state. */
  get isIdle(): boolean {
    return this.outstanding === 0 && this.state.isClean;
  }

  /** Whether there is a transaction without a command, and no other state. */
  get isBareTransaction(): boolean {
    return this.outstanding === 0 && this.#changes.queued.length === 0 &&
      this.state.isBareTransaction;
  }

  /** Whether Redis may queue the next command in a transaction. */
  get mayBeInTransaction(): boolean {
    return this.state.isInTransaction || this.#slots.transactions > 0;
  }

  /** Whether a command is in flight that may wait for other clients. */
  get isBlocked(): boolean {
    return this.#slots.waits > 0;
  }

  /** Whether no request in flight changes anything. */
  get isHarmless(): boolean {
    return this.#slots.isHarmless;
  }

  /** Whether the next command may meet subscriptions, or anything else that changes its answer. */
  get mayBeSubscribed(): boolean {
    const { state } = this;
    return state.isSubscribed || state.isOpaque || state.isMonitoring ||
      this.#slots.subscriptions > 0;
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
      this.#slots.request(request, isMuted);
      this.#foresee();
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
    if (this.outstanding === 0) return this.sink.write(local, 0, local.length);
    this.#slots.local(local);
  }

  /** Passes a message of another connection, between two frames of this one. */
  push(message: Uint8Array): void | Promise<void> {
    if (this.#long === null) return this.#message(message, 0, message.length);
    this.#long.pushed.push(message);
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

  #frame(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    if (this.#long !== null) return this.#lastPart(this.#long, bytes, from, to);
    const kind = this.#kindOf(bytes, from, to);
    if (kind === "message") return this.#shown(bytes, from, to);
    if (kind === "confirmation") return this.#confirmed(bytes, from, to);
    return this.#replied(bytes, from, to, isError(bytes, from));
  }

  #kindOf(bytes: Uint8Array, from: number, to: number): FrameKind {
    const { state } = this;
    if (this.outstanding === 0) return "message"; // No request waits for a reply.
    if (state.isOpaque) return "message";
    if (state.isMonitoring && isMonitorLine(bytes, from)) return "message";
    return kindOf(bytes, from, to, this.mayBeSubscribed);
  }

  /** Passes a message, unless it is about a command of the proxy itself. */
  #shown(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    if (!this.state.isMonitoring || !isMonitorLine(bytes, from)) {
      return this.#message(bytes, from, to);
    }
    const line = shownLine(bytes, from, to);
    if (line === null) return;
    return line === undefined
      ? this.#message(bytes, from, to)
      : this.#message(line, 0, line.length);
  }

  /** Passes bytes that answer no request, or may answer none. */
  #message(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    const settled = this.#changes.settleAll();
    if (settled === undefined) return this.sink.write(bytes, from, to);
    return settled.then(() => this.sink.write(bytes, from, to));
  }

  /** Passes a part of a long frame. Its first part tells its kind. */
  #part(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    const long = this.#long ??= new LongReply(this.#kindOf(bytes, from, to));
    const slot = long.kind === "reply" ? this.#slots.first! : null;
    if (slot?.isMuted) return;
    const isExec = slot?.request?.name === "exec" && this.#changes.queued.changeReply;
    if (!slot?.request?.rewrite && !isExec) return this.sink.write(bytes, from, to);
    long.collect(bytes, from, to);
  }

  #lastPart(
    long: LongReply,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): void | Promise<void> {
    this.#long = null;
    const whole = long.joined(bytes, from, to);
    if (whole !== null) [bytes, from, to] = [whole, 0, whole.length];
    // An error is never that long.
    const held = long.kind === "reply"
      ? this.#replied(bytes, from, to, false)
      : this.sink.write(bytes, from, to);
    const pushed = long.pushed.map((message) => this.push(message)).at(-1);
    return held ?? pushed;
  }

  /** Notes the reply to the oldest request, and passes it. */
  #replied(bytes: Uint8Array, from: number, to: number, isFailed: boolean): void | Promise<void> {
    const { request, isMuted } = this.#take();
    const { name, option, rewrite } = request!;
    const wasInTransaction = this.state.isInTransaction;
    this.state.answered(name, option, isFailed);
    request!.onAnswer?.(isFailed);
    let whole: Uint8Array | null = null;
    if (name === "exec") {
      const reply = this.#changes.queued.replyOf(bytes.subarray(from, to));
      whole = reply?.bytes ?? null;
      if (reply?.isOff || reply?.skipsNext) this.client.leaveOut?.(reply.isOff ? "all" : "next");
    } else if (rewrite !== null) {
      whole = request!.rewritten(bytes.subarray(from, to));
    }
    if (whole !== null) [bytes, from, to] = [whole, 0, whole.length];
    const settled = this.#changes.answered(request!, wasInTransaction, isFailed);
    this.#foresee();
    if (settled === undefined) return this.#deliver(bytes, from, to, isMuted);
    // Until then, nothing may overtake the reply.
    this.#held++;
    return settled.then(() => {
      this.#held--;
      return this.#deliver(bytes, from, to, isMuted);
    });
  }

  /** Stops to look for replies if the next bytes of Redis will not be whole ones. */
  #foresee(): void {
    const request = this.#slots.first?.request;
    if (request == null || this.state.isOpaque) return;
    const isStream = STREAMS.has(request.name) && !this.state.isInTransaction;
    // In RESP3, confirmations come within the reply to EXEC, and do not count.
    if (!isStream && !(request.name === "exec" && this.#changes.queued.changesReplies)) return;
    this.#changes.addQueued();
    this.#slots.take();
    this.#stopMatching();
    this.#answerLocally();
    this.connection.onRaw = (bytes, from, to) => this.#message(bytes, from, to);
    this.onReply();
  }

  /** From here on, nobody can tell which reply belongs to which request. */
  #stopMatching(): void {
    this.state.isOpaque = true;
    this.#changes.add(this.#slots.takeRequests());
  }

  #confirmed(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    const { name, remaining } = confirmationOf(bytes, from, to) ?? { name: "", remaining: 0 };
    const first = this.#slots.first;
    const { request } = first ?? {};
    // Redis also ends subscriptions to channels of a slot that moves, which answers nothing.
    const isAnswer = request != null && request.name === name;
    if (isAnswer && first!.confirmations === 0) {
      first!.confirmations = request.channels || this.state.endsOf(name);
    }
    this.state.confirmed(name, remaining);
    if (isAnswer && --first!.confirmations === 0) {
      this.#take();
      this.#foresee();
    }
    // CLIENT REPLY never leaves out a confirmation, in RESP2 and RESP3.
    return this.#deliver(bytes, from, to, false);
  }

  /** Passes a reply, and the proxy's replies that waited for it. */
  #deliver(
    bytes: Uint8Array,
    from: number,
    to: number,
    isMuted: boolean,
  ): void | Promise<void> {
    const held = isMuted ? undefined : this.sink.write(bytes, from, to);
    const more = this.#answerLocally();
    this.#tellNow();
    this.onChange();
    this.onReply();
    return more ?? held;
  }

  /** Passes the proxy's replies whose turn has come. */
  #answerLocally(): void | Promise<void> {
    let held: void | Promise<void> = undefined;
    for (let next = this.#slots.first; next?.local != null; next = this.#slots.first) {
      this.#take();
      held = this.sink.write(next.local, 0, next.local.length);
    }
    return held;
  }

  #take(): Slot {
    const slot = this.#slots.take();
    // Nobody waits for a reply that is left out.
    if (slot.request !== null && !slot.isMuted) {
      this.latency?.observe(performance.now() - slot.sentAt);
    }
    return slot;
  }

  /** Notes that the connection is lost. Nobody knows whether its requests were executed. */
  #ended(): void {
    this.#own.drop(); // The next connection uses it.
    this.onClosed();
    this.onLost();
    const settled = this.#changes.lost(this.#slots.takeRequests());
    this.#slots.clear();
    if (settled === undefined) this.onEnd();
    else settled.then(() => this.onEnd());
  }
}
