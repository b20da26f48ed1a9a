/**
 * Gives each reply over a private lane to its request, in order, and passes it to the client.
 *
 * @module
 */
import type { Histogram } from "../core/histogram.ts";
import type { Connection } from "../origin/wire/connection.ts";
import type { ConnectionState } from "./connection_state.ts";
import { elementsOf, ExecReply } from "./exec_reply.ts";
import type { LaneClient } from "./lane_client.ts";
import type { Passable } from "./passable.ts";
import type { PrivateChanges } from "./private_changes.ts";
import { confirmationOf } from "./reply_kind.ts";
import { type Slot, Slots } from "./slots.ts";

/**
 * Takes replies, and copies their bytes. If `write` returns a promise, the next bytes wait for it.
 */
export interface ReplySink {
  write(bytes: Uint8Array, from: number, to: number): void | Promise<void>;
}

/** Commands whose replies are a stream that is not RESP. */
export const STREAMS: ReadonlySet<string> = new Set(["sync", "psync"]);

export class PrivateReplies {
  /** The requests that wait for their replies. */
  readonly slots = new Slots();
  /** The durations of requests. */
  latency: Histogram | null = null;
  sink: ReplySink = { write() {} };
  /** Called after each reply. */
  onReply: () => void = () => {};
  /** Replies that have come, and wait until their changes are known. */
  #held = 0;
  /** The request that this lane has prepared for last, and whether it gets its reply in elements. */
  #foreseen: Slot | undefined;
  #opensArrays = false;
  /** The reply to EXEC whose elements are arriving; null for none. */
  #exec: ExecReply | null = null;

  constructor(
    readonly connection: Connection,
    readonly state: ConnectionState,
    readonly changes: PrivateChanges,
    readonly client: Partial<Pick<LaneClient, "leaveOut">>,
  ) {}

  /** The number of requests without a delivered reply, and of the proxy's replies after them. */
  get outstanding(): number {
    return this.slots.length + this.#held;
  }

  /** Whether the next command may meet subscriptions, or anything else that changes its answer. */
  get mayBeSubscribed(): boolean {
    const { state } = this;
    return state.isSubscribed || state.isOpaque || state.isMonitoring ||
      this.slots.subscriptions > 0;
  }

  /** Whether the client wants no reply to this request. */
  isMuted({ isElement, isMuted }: Slot): boolean {
    return isElement ? this.#exec!.isMuted : isMuted;
  }

  /** Sends a reply of the proxy, in its turn. */
  answer(local: Uint8Array): void | Promise<void> {
    if (this.outstanding === 0) return this.sink.write(local, 0, local.length);
    this.slots.local(local);
  }

  /** Prepares for the reply to the oldest request, if it has a form of its own. */
  foresee(): void {
    const { state, changes, connection } = this;
    const { first } = this.slots;
    if (first === this.#foreseen) return;
    this.#foreseen = first;
    const request = first?.request;
    if (request == null || state.isOpaque) return;
    if (request.name === "exec") {
      // Pushes may come between the elements. Without a transaction, an array is a message.
      const mayBePushed = state.isSubscribed || state.isTracking;
      this.#opensArrays = state.isInTransaction && (mayBePushed || changes.queued.needsElements);
      connection.openArrays(this.#opensArrays);
    } else if (STREAMS.has(request.name) && !state.isInTransaction) {
      this.slots.take();
      state.isOpaque = true;
      changes.add(this.slots.takeRequests());
      this.#answerLocally();
      connection.onRaw = (bytes, from, to) => this.message(bytes, from, to);
      this.onReply();
    }
  }

  /** Passes bytes that answer no request, or may answer none. */
  message(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    const settled = this.changes.settleAll();
    if (settled === undefined) return this.sink.write(bytes, from, to);
    return settled.then(() => this.sink.write(bytes, from, to));
  }

  /** Notes the reply to the oldest request, and passes it. */
  replied(bytes: Uint8Array, from: number, to: number, isFailed: boolean): void | Promise<void> {
    const slot = this.slots.first!;
    if (slot.isElement) return this.#element(slot.request!, bytes, from, to, isFailed);
    const { isMuted } = this.#take();
    const request = slot.request!;
    const wasInTransaction = this.state.isInTransaction;
    this.state.answered(request.name, request.option, isFailed);
    request.onAnswer?.(isFailed);
    if (request.name === "exec") this.#open(bytes, from, to, isMuted);
    else if (request.rewrite !== null) {
      bytes = request.rewritten(bytes.subarray(from, to));
      [from, to] = [0, bytes.length];
    }
    return this.#pass(
      bytes,
      from,
      to,
      isMuted,
      this.changes.answered(request, wasInTransaction, isFailed),
    );
  }

  /** Waits for the elements of the reply to EXEC, if this is its header alone. */
  #open(bytes: Uint8Array, from: number, to: number, isMuted: boolean): void {
    if (!this.#opensArrays) return;
    this.#opensArrays = false;
    this.connection.openArrays(false);
    const count = elementsOf(bytes, from, to);
    if (count === null || count === 0) return;
    const commands = this.changes.queued.all;
    if (count !== commands.length) return this.connection.close(WRONG_COUNT);
    this.#exec = new ExecReply(isMuted, this.client);
    this.slots.elements(commands);
  }

  /** Notes the reply to a command of a transaction, and passes it. */
  #element(
    request: Passable,
    bytes: Uint8Array,
    from: number,
    to: number,
    isFailed: boolean,
  ): void | Promise<void> {
    this.state.answered(request.name, request.option, isFailed);
    const passes = this.#exec!.passes(request, isFailed);
    this.#takeElement();
    if (passes && request.rewrite !== null) {
      bytes = request.rewritten(bytes.subarray(from, to));
      [from, to] = [0, bytes.length];
    }
    return this.#pass(bytes, from, to, !passes, this.changes.settleAll());
  }

  #takeElement(): void {
    this.#take();
    if (!this.slots.first?.isElement) this.#exec = null;
  }

  /** Notes that a subscription has begun or ended, and passes it. */
  confirmed(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    const { name, remaining } = confirmationOf(bytes, from, to) ?? { name: "", remaining: 0 };
    const first = this.slots.first;
    const { request } = first ?? {};
    // Redis also ends subscriptions to channels of a slot that moves, which answers nothing.
    const isAnswer = request != null && request.name === name;
    if (isAnswer && first!.confirmations === 0) {
      first!.confirmations = request.channels || this.state.endsOf(name);
    }
    this.state.confirmed(name, remaining);
    if (isAnswer && --first!.confirmations === 0) {
      if (first!.isElement) this.#takeElement();
      else this.#take();
    }
    // CLIENT REPLY never leaves out a confirmation, in RESP2 and RESP3.
    return this.#deliver(bytes, from, to, false);
  }

  /** Passes a reply once its changes are known. Until then, nothing may overtake it. */
  #pass(
    bytes: Uint8Array,
    from: number,
    to: number,
    isMuted: boolean,
    settled: void | Promise<void>,
  ): void | Promise<void> {
    if (settled === undefined) return this.#deliver(bytes, from, to, isMuted);
    this.#held++;
    return settled.then(() => {
      this.#held--;
      return this.#deliver(bytes, from, to, isMuted);
    });
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
    this.foresee();
    this.onReply();
    return more ?? held;
  }

  /** Passes the proxy's replies whose turn has come. */
  #answerLocally(): void | Promise<void> {
    let held: void | Promise<void> = undefined;
    for (let next = this.slots.first; next?.local != null; next = this.slots.first) {
      this.#take();
      held = this.sink.write(next.local, 0, next.local.length);
    }
    return held;
  }

  #take(): Slot {
    const slot = this.slots.take();
    // Nobody waits for a reply that is left out.
    if (slot.sentAt > 0 && !slot.isMuted) {
      this.latency?.observe(performance.now() - slot.sentAt);
    }
    return slot;
  }
}

const WRONG_COUNT = "Redis answered EXEC with another number of replies than commands";
