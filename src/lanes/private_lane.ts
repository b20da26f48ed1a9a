/**
 * A private lane: one client's own connection to Redis, for everything that needs state. Replies
 * and messages go to the client in the order of Redis. While the client does not read them, the
 * lane does not read from Redis.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { OriginAddress } from "../origin/address.ts";
import type { Connection } from "../origin/wire/connection.ts";
import { requestOf } from "../origin/wire/outbox.ts";
import { NOTHING_WRITTEN, type Written } from "../commands/keys.ts";
import { type ChangeLog, joined, settle } from "./changes.ts";
import { changesReplies, ConnectionState, SUBSCRIPTIONS } from "./connection_state.ts";
import type { Histogram } from "../core/histogram.ts";
import type { Millis } from "../core/types.ts";
import { rewrittenExec } from "./exec_reply.ts";
import type { LaneClient } from "./lane_client.ts";
import { Passable } from "./passable.ts";
import { confirmationOf, type FrameKind, isError, kindOf } from "./reply_kind.ts";

/**
 * Takes replies, and copies their bytes. If `write` returns a promise, the next bytes wait for it.
 */
export interface ReplySink {
  write(bytes: Uint8Array, from: number, to: number): void | Promise<void>;
}

/** A request that waits for its reply, or a reply of the proxy that waits for its turn. */
interface Slot {
  readonly request: Passable | null;
  /** Whether the client wants no reply. */
  readonly isMuted: boolean;
  /** A reply of the proxy. */
  readonly local: Uint8Array | null;
  /** When the request was sent. */
  readonly sentAt: Millis;
}

const PLUS = 0x2b;
const ZERO = 0x30;
const NINE = 0x39;

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
  /** Called once when Redis ends the connection. */
  onEnd: () => void = () => {};
  /** Called once when the connection is closed, by either side. */
  onClosed: () => void = () => {};
  /** The same, for those who send messages to its client. */
  onLost: () => void = () => {};
  /** The changes since replies can no longer be matched to requests. */
  #unsettled: Written = NOTHING_WRITTEN;
  /** Bytes received when the last fence of a causal client began. */
  #fencedAt = -1;
  /** Requests and replies of the proxy in order. Those before `#head` are done. */
  #slots: Slot[] = [];
  #head = 0;
  /** Replies that have come, and wait until their changes are known. */
  #held = 0;
  /** The queued commands of the transaction. */
  #queued: Passable[] = [];
  /** In-flight requests that may change how later ones are answered. */
  #transactions = 0;
  #subscriptions = 0;
  #waits = 0;
  /** Sends the command of the proxy that waits; null for none. */
  #toTell: (() => void) | null = null;
  #told: PromiseWithResolvers<void> | null = null;
  /** The kind of the long reply whose parts are arriving; null for none. */
  #partKind: FrameKind | null = null;

  /** Parts of a long reply that must be changed before it is passed on. */
  readonly #collected: Uint8Array[] = [];
  /** Messages of other connections that wait for the end of a long frame. */
  readonly #pushed: Uint8Array[] = [];

  constructor(
    readonly connection: Connection,
    readonly state: ConnectionState,
    readonly cache: ChangeLog,
    readonly client: Pick<LaneClient, "isCausal"> & Partial<Pick<LaneClient, "login" | "version">> =
      {
        isCausal: false,
      },
  ) {
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
    return this.#slots.length - this.#head + this.#held;
  }

  /** Whether no request is in flight and the connection holds no state. */
  get isIdle(): boolean {
    return this.outstanding === 0 && this.state.isClean;
  }

  /** Whether there is a transaction without a command, and no other state. */
  get isBareTransaction(): boolean {
    return this.outstanding === 0 && this.#queued.length === 0 && this.state.isBareTransaction;
  }

  /** Whether Redis may queue the next command in a transaction. */
  get mayBeInTransaction(): boolean {
    return this.state.isInTransaction || this.#transactions > 0;
  }

  /** Whether a command is in flight that may wait for other clients. */
  get isBlocked(): boolean {
    return this.#waits > 0;
  }

  /** Whether the next command may meet subscriptions, or anything else that changes its answer. */
  get mayBeSubscribed(): boolean {
    const { state } = this;
    return state.isSubscribed || state.isOpaque || state.isMonitoring || this.#subscriptions > 0;
  }

  /** Sends a request. */
  send(request: Passable, isMuted: boolean): void {
    if (this.state.isOpaque) {
      this.#unsettled = joined([this.#unsettled, request.written]);
    } else {
      this.#slots.push({ request, isMuted, local: null, sentAt: performance.now() });
      this.#count(request, 1);
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
    // Another user's connection keeps that user, and a newer command replaces one that still waits.
    if (this.client.login != null) return Promise.resolve();
    this.#told?.resolve();
    const told = Promise.withResolvers<void>();
    this.#told = told;
    this.#toTell = () => {
      this.#toTell = this.#told = null;
      const ask = { count: words.length, string: (at: number) => words[at]! };
      const passable = new Passable(requestOf(...words), undefined, ask, null, NOTHING_WRITTEN);
      passable.onAnswer = (isError) => {
        if (isError) told.reject(new Error(`Redis refused ${words[0]}`));
        else told.resolve();
      };
      this.send(passable, true);
    };
    this.#tellNow();
    return told.promise;
  }

  #tellNow(): void {
    const { state } = this;
    const isTaking = !this.mayBeInTransaction && !state.isOpaque && !state.isMonitoring &&
      (this.client.version === 3 || !this.mayBeSubscribed);
    if (isTaking) this.#toTell?.();
  }

  /** Sends a reply of the proxy, in its turn. */
  answer(local: Uint8Array): void | Promise<void> {
    if (this.outstanding === 0) return this.sink.write(local, 0, local.length);
    this.#slots.push({ request: null, isMuted: false, local, sentAt: NaN });
  }

  /** Passes a message of another connection, between two frames of this one. */
  push(message: Uint8Array): void | Promise<void> {
    if (this.#partKind === null) return this.#message(message, 0, message.length);
    this.#pushed.push(message);
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

  #count({ name, spec }: Passable, change: 1 | -1): void {
    if (spec?.flags.has("blocking")) this.#waits += change;
    if (name === "multi") this.#transactions += change;
    else if (changesReplies(name)) this.#subscriptions += change;
  }

  #frame(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    if (this.#partKind !== null) {
      const held = this.#lastPart(bytes, from, to);
      const pushed = this.#pushed.splice(0).map((message) => this.push(message)).at(-1);
      return held ?? pushed;
    }
    const kind = this.#kindOf(bytes, from, to);
    if (kind === "message") return this.#message(bytes, from, to);
    if (kind === "confirmation") return this.#confirmed(bytes, from, to);
    return this.#replied(bytes, from, to, isError(bytes, from));
  }

  /** Passes a frame that answers no request, or may answer none. */
  #message(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    const settled = this.#settle(this.#unsettled);
    if (settled === undefined) return this.sink.write(bytes, from, to);
    return settled.then(() => this.sink.write(bytes, from, to));
  }

  /**
   * One fence is enough for all frames of one read, because it begins after all of them arrived.
   */
  #settle(written: Written): void | Promise<void> {
    const { received } = this.connection;
    const isCausal = this.client.isCausal && this.#fencedAt !== received;
    if (isCausal) this.#fencedAt = received;
    return settle(written, this.cache, isCausal);
  }

  #kindOf(bytes: Uint8Array, from: number, to: number): FrameKind {
    const { state } = this;
    if (this.outstanding === 0) return "message"; // No request waits for a reply.
    if (state.isOpaque) return "message";
    if (state.isMonitoring && isMonitorLine(bytes, from)) return "message";
    return kindOf(bytes, from, to, this.mayBeSubscribed);
  }

  /** Passes a part of a long frame. Its first part tells its kind. */
  #part(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    this.#partKind ??= this.#kindOf(bytes, from, to);
    const slot = this.#partKind === "reply" ? this.#slots[this.#head]! : null;
    if (slot?.isMuted) return;
    if (!slot?.request?.rewrite) return this.sink.write(bytes, from, to);
    this.#collected.push(bytes.slice(from, to));
  }

  #lastPart(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    const kind = this.#partKind;
    this.#partKind = null;
    if (this.#collected.length > 0) {
      bytes = Buffer.concat([...this.#collected.splice(0), bytes.subarray(from, to)]);
      [from, to] = [0, bytes.length];
    }
    // An error is never that long.
    return kind === "reply"
      ? this.#replied(bytes, from, to, false)
      : this.sink.write(bytes, from, to);
  }

  /** Notes the reply to the oldest request, and passes it. */
  #replied(bytes: Uint8Array, from: number, to: number, isFailed: boolean): void | Promise<void> {
    const { request, isMuted } = this.#take();
    const { state } = this;
    const wasInTransaction = state.isInTransaction;
    const { written } = request!;
    state.answered(request!.name, request!.option, isFailed);
    request!.onAnswer?.(isFailed);
    let changed = written;
    if (wasInTransaction) {
      if (state.isInTransaction) {
        if (!isFailed) this.#queued.push(request!);
        changed = NOTHING_WRITTEN;
      } else {
        const queued = this.#queued.splice(0);
        changed = NOTHING_WRITTEN;
        if (request!.name === "exec") {
          changed = joined(queued.map(({ written }) => written));
          const rewritten = rewrittenExec(bytes.subarray(from, to), queued);
          if (rewritten !== null) [bytes, from, to] = [rewritten, 0, rewritten.length];
          if (!isFailed && queued.some(({ name }) => changesReplies(name))) this.#stopMatching();
        }
      }
    } else if (request!.name === "exec") {
      changed = NOTHING_WRITTEN;
    }
    if (request!.rewrite !== null) {
      bytes = request!.rewritten(bytes.subarray(from, to));
      [from, to] = [0, bytes.length];
    }
    const settled = this.#settle(changed);
    if (settled === undefined) return this.#deliver(bytes, from, to, isMuted);
    // Until then, nothing may overtake the reply.
    this.#held++;
    return settled.then(() => {
      this.#held--;
      return this.#deliver(bytes, from, to, isMuted);
    });
  }

  /** From here on, nobody can tell which reply belongs to which request. */
  #stopMatching(): void {
    this.state.isOpaque = true;
    const open = this.#slots.slice(this.#head);
    this.#slots = open.filter(({ request }) => request === null);
    this.#head = 0;
    for (const { request } of open) {
      if (request === null) continue;
      this.#count(request, -1);
      this.#unsettled = joined([this.#unsettled, request.written]);
    }
  }

  #confirmed(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    const { name, remaining } = confirmationOf(bytes, from, to) ?? { name: "", remaining: 0 };
    this.state.confirmed(name, remaining);
    const first = this.#slots[this.#head];
    // The first confirmation answers the command. The others answer nothing.
    const isAnswer = first?.request != null && SUBSCRIPTIONS.has(first.request.name);
    if (isAnswer) this.#take();
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
    let held = isMuted ? undefined : this.sink.write(bytes, from, to);
    for (let next = this.#slots[this.#head]; next?.local != null; next = this.#slots[this.#head]) {
      this.#take();
      held = this.sink.write(next.local, 0, next.local.length);
    }
    this.#tellNow();
    this.onChange();
    this.onReply();
    return held;
  }

  #take(): Slot {
    const slot = this.#slots[this.#head++]!;
    if (slot.request !== null) {
      this.#count(slot.request, -1);
      // Nobody waits for a reply that is left out.
      if (!slot.isMuted) this.latency?.observe(performance.now() - slot.sentAt);
    }
    if (this.#head === this.#slots.length || this.#head > 1024) {
      this.#slots.splice(0, this.#head);
      this.#head = 0;
    }
    return slot;
  }

  /** Notes that the connection is lost. Nobody knows whether its requests were executed. */
  #ended(): void {
    this.#told?.resolve(); // The next connection uses it.
    this.onClosed();
    this.onLost();
    const open = this.#slots.splice(0).slice(this.#head).flatMap(({ request }) => request ?? []);
    this.#head = 0;
    const lost = [...this.#queued, ...open].map(({ written }) => written);
    const settled = settle(joined([this.#unsettled, ...lost]), this.cache);
    if (settled === undefined) this.onEnd();
    else settled.then(() => this.onEnd());
  }
}

/** Whether a line comes from MONITOR. Such a line begins with the time. */
function isMonitorLine(bytes: Uint8Array, from: number): boolean {
  const next = bytes[from + 1]!;
  return bytes[from] === PLUS && next >= ZERO && next <= NINE;
}
