/**
 * A private lane: one client's own connection to Redis, for everything that needs state. Replies and
 * messages go to the client in the order in which Redis sends them; while the client does not take
 * them, Redis is not read from.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Connection } from "../origin/wire/connection.ts";
import { NOTHING_WRITTEN, type Written } from "../commands/keys.ts";
import { type ChangeLog, joined, settle } from "./changes.ts";
import { changesReplies, ConnectionState, SUBSCRIPTIONS } from "./connection_state.ts";
import type { Passable } from "./passable.ts";
import { confirmationOf, type FrameKind, isError, kindOf } from "./reply_kind.ts";

/** Where replies go. The bytes are copied; a promise holds back what follows. */
export interface ReplySink {
  write(bytes: Uint8Array, from: number, to: number): void | Promise<void>;
}

/** A request whose reply is to come, or a reply of our own that waits for its turn. */
interface Slot {
  readonly request: Passable | null;
  /** Whether the client asked for no reply. */
  readonly isMuted: boolean;
  /** A reply of our own. */
  readonly local: Uint8Array | null;
}

const PLUS = 0x2b;
const ZERO = 0x30;
const NINE = 0x39;

export class PrivateLane {
  /** The id that Redis has for the connection; null if it does not tell. */
  upstreamId: number | null = null;
  /** Takes what goes to the client. Set while the client is served by this lane. */
  sink: ReplySink = { write() {} };
  /** Called when something was sent or answered. */
  onChange: () => void = () => {};
  /** Called after each reply. */
  onReply: () => void = () => {};
  /** Called once when Redis ends the connection. */
  onEnd: () => void = () => {};
  /** Called once when the connection is closed, by either side. */
  onClosed: () => void = () => {};
  /** What was sent since replies can no longer be told apart. */
  #unsettled: Written = NOTHING_WRITTEN;
  /** Requests and local replies in order, those before `#head` being done. */
  #slots: Slot[] = [];
  #head = 0;
  /** What the commands queued in the transaction will have changed. */
  #queued: Written[] = [];
  /** Requests under way that may change how those behind them are answered. */
  #transactions = 0;
  #subscriptions = 0;
  /** The kind of the long reply whose parts are coming; null between replies. */
  #partKind: FrameKind | null = null;

  /** Parts of a long reply that is to be changed before it goes on. */
  readonly #collected: Uint8Array[] = [];

  constructor(
    readonly connection: Connection,
    readonly state: ConnectionState,
    readonly cache: ChangeLog,
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

  /** Requests that wait for their replies, and local replies behind them. */
  get outstanding(): number {
    return this.#slots.length - this.#head;
  }

  /** Whether nothing is under way, and nothing is left on the connection. */
  get isIdle(): boolean {
    return this.outstanding === 0 && this.state.isClean;
  }

  /** Whether the next command may be queued in a transaction. */
  get mayBeInTransaction(): boolean {
    return this.state.isInTransaction || this.#transactions > 0;
  }

  /** Whether the next command may meet subscriptions, or what else changes how it is answered. */
  get mayBeSubscribed(): boolean {
    const { state } = this;
    return state.isSubscribed || state.isOpaque || state.isMonitoring || this.#subscriptions > 0;
  }

  /** Sends a request. */
  send(request: Passable, isMuted: boolean): void {
    if (this.state.isOpaque) this.#unsettled = joined([this.#unsettled, request.written]);
    else this.#slots.push({ request, isMuted, local: null });
    this.#count(request, 1);
    this.connection.out.bytes(request.bytes);
    this.connection.flush();
    this.onChange();
  }

  /** Answers a request here, in its turn. */
  answer(local: Uint8Array): void | Promise<void> {
    if (this.outstanding === 0) return this.sink.write(local, 0, local.length);
    this.#slots.push({ request: null, isMuted: false, local });
  }

  /** Ends the connection. What was sent may still be done by Redis. */
  close(why: string): void {
    this.connection.close(why);
  }

  #count({ name }: Passable, change: 1 | -1): void {
    if (name === "multi") this.#transactions += change;
    else if (changesReplies(name)) this.#subscriptions += change;
  }

  #frame(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    if (this.#partKind !== null) return this.#lastPart(bytes, from, to);
    const kind = this.#kindOf(bytes, from, to);
    if (kind === "message") return this.#message(bytes, from, to);
    if (kind === "confirmation") return this.#confirmed(bytes, from, to);
    return this.#replied(bytes, from, to, isError(bytes, from));
  }

  /** Something that answers nothing, as far as can be told. */
  #message(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    const settled = settle(this.#unsettled, this.cache);
    if (settled === undefined) return this.sink.write(bytes, from, to);
    return settled.then(() => this.sink.write(bytes, from, to));
  }

  #kindOf(bytes: Uint8Array, from: number, to: number): FrameKind {
    const { state } = this;
    if (this.outstanding === 0) return "message"; // Nothing waits: it can only be one.
    if (state.isOpaque) return "message";
    if (state.isMonitoring && isMonitorLine(bytes, from)) return "message";
    return kindOf(bytes, from, to, this.mayBeSubscribed);
  }

  /** A part of a long reply. A long message is rare, and told from its first part. */
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

  /** The oldest request is answered. */
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
        if (!isFailed) this.#queue(request!);
        changed = NOTHING_WRITTEN;
      } else {
        changed = request!.name === "exec" ? joined(this.#queued) : NOTHING_WRITTEN;
        this.#queued = [];
      }
    } else if (request!.name === "exec") {
      changed = NOTHING_WRITTEN;
    }
    if (request!.rewrite !== null) {
      bytes = request!.rewritten(bytes.subarray(from, to));
      [from, to] = [0, bytes.length];
    }
    const settled = settle(changed, this.cache);
    if (settled === undefined) return this.#deliver(bytes, from, to, isMuted);
    return settled.then(() => this.#deliver(bytes, from, to, isMuted));
  }

  #queue(request: Passable): void {
    this.#queued.push(request.written);
    if (changesReplies(request.name)) this.state.isOpaque = true;
  }

  #confirmed(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    const { name, remaining } = confirmationOf(bytes, from, to) ?? { name: "", remaining: 0 };
    this.state.confirmed(name, remaining);
    const first = this.#slots[this.#head];
    // The first of its confirmations answers the command; the others answer nothing.
    const isAnswer = first?.request != null && SUBSCRIPTIONS.has(first.request.name);
    if (isAnswer) this.#take();
    // CLIENT REPLY leaves out no confirmation, in either version of the protocol.
    return this.#deliver(bytes, from, to, false);
  }

  /** Hands a reply on, and the local ones that waited for it. */
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
    this.onChange();
    this.onReply();
    return held;
  }

  #take(): Slot {
    const slot = this.#slots[this.#head++]!;
    if (slot.request !== null) this.#count(slot.request, -1);
    if (this.#head === this.#slots.length || this.#head > 1024) {
      this.#slots.splice(0, this.#head);
      this.#head = 0;
    }
    return slot;
  }

  /** The connection is lost: what its requests have done is unknown. */
  #ended(): void {
    this.onClosed();
    const open = this.#slots.slice(this.#head).flatMap(({ request }) => request?.written ?? []);
    const settled = settle(joined([this.#unsettled, ...this.#queued, ...open]), this.cache);
    if (settled === undefined) this.onEnd();
    else settled.then(() => this.onEnd());
  }
}

/** Whether a line is one of MONITOR's, which begin with the time. */
function isMonitorLine(bytes: Uint8Array, from: number): boolean {
  const next = bytes[from + 1]!;
  return bytes[from] === PLUS && next >= ZERO && next <= NINE;
}
