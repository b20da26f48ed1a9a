/**
 * One request over a shared lane, from its sending to its result.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Histogram } from "../core/histogram.ts";
import { Later } from "../core/later.ts";
import { HANG_UP, ReplyStream } from "../core/reply_stream.ts";
import { copyOf } from "../core/small_copies.ts";
import { Failure, type Millis } from "../core/types.ts";
import type { OriginAddress } from "../origin/address.ts";
import type { Connection } from "../origin/wire/connection.ts";
import type { Receiver } from "../origin/wire/expected.ts";
import type { Outbox } from "../origin/wire/outbox.ts";
import { type ChangeLog, settle } from "./changes.ts";
import { replyOf } from "./common_replies.ts";
import type { LongRequests } from "./long_requests.ts";
import type { Passable } from "./passable.ts";
import { isRefusal } from "./refusal.ts";
import type { StreamBudget } from "./stream_budget.ts";

/**
 * The result of a passed request: its replies as bytes or as a stream, or the reason why there are
 * none.
 */
export type Passed = Uint8Array | ReplyStream | Failure | typeof HANG_UP;

/** A client that sends requests over the lane. */
export interface Sender {
  /** Whether a request of the client was lost. Redis must not execute later ones without it. */
  isCut: boolean;
  /** Whether replies wait until all earlier changes in Redis are known. */
  readonly isCausal: boolean;
  /** The client itself, if this only stands for it. */
  readonly self?: Sender;
  /** In a cluster, the names of the masters that it has written to; absent for none. */
  readonly masters?: ReadonlySet<string>;
  /** Called with the name of a master that it writes to. */
  wrote?(master: string): void;
  /** Called when a reply is long. It passes in parts. */
  onLong(): void;
  /** Called when a request is answered in full, or is lost. */
  onDone(): void;
}

export interface PassingOptions {
  readonly cache: ChangeLog;
  /** The memory of all long replies. */
  readonly budget: StreamBudget;
  /** Remembers requests with long replies. */
  readonly long: LongRequests;
  /** The durations of requests. */
  readonly latency?: Histogram;
  /**
   * Where it leads, if there are several places. Then a request whose connection is lost is sent again
   * by whoever knows where.
   */
  readonly place?: OriginAddress | undefined;
  /** Takes the result of a routed request that is to be sent elsewhere; returns false for others. */
  readonly redirected?: (passing: Passing, passed: Passed) => boolean;
}

/** The lane, as its requests see it. */
export interface Lane {
  readonly options: PassingOptions;
  /** Sends a request again, before those that wait. */
  sendAgain(passing: Passing): void;
  /** Makes later requests take a new connection. */
  leave(connection: Connection): void;
  /** Whether a request may be sent again after its connection is lost. */
  mayRepeat(request: Passable, isSent: boolean): boolean;
}

/** The connection was lost before the request was executed, or it may be executed twice. */
export const UNSENT = new Failure("away", "Redis is away: the connection was lost");

/** The most bytes of replies to a batch to hold until the others have come. */
const HELD_BYTES = 64 * 1024;

const MINUS = 0x2d;

/** A client that has sent nothing else. */
export function anybody(): Sender {
  return { isCut: false, isCausal: false, onLong() {}, onDone() {} };
}

/** An in-flight request, and its result. */
export class Passing extends Later<Passed> implements Receiver {
  /** The connection that it was sent over last. */
  connection: Connection | null = null;
  /** When it began; NaN if it is not measured. */
  begunAt: Millis = NaN;
  /** Whether it is sent elsewhere if it is redirected, and its number in the order of all commands. */
  isRouted = false;
  order = 0;
  /** The replies so far, if there are several. */
  #collected: Uint8Array[] | null = null;
  #collectedBytes = 0;
  #stream: ReplyStream | null = null;
  #mayRepeat = true;
  /** Whether nobody waits behind this reply, and nobody will. */
  #isAlone = false;

  constructor(
    readonly lane: Lane,
    readonly request: Passable,
    /** The number of replies that have not come yet. */
    public replies: number,
    readonly sender: Sender,
  ) {
    super();
  }

  /** Appends the bytes of the request to the output to Redis. */
  write(out: Outbox): void {
    out.bytes(this.request.bytes);
  }

  /** Whether its reply is still to come over this connection. */
  waitsOn(connection: Connection): boolean {
    return this.replies > 0 && this.connection === connection;
  }

  /** Whether it may be asked again elsewhere: a read without a reply that cannot be slow by itself. */
  get isMovable(): boolean {
    const { request, replies, isAbandoned } = this;
    const hasBegun = this.#stream !== null || this.#collected !== null;
    const isScript = request.spec?.categories.has("scripting");
    const isWhole = (replies === 1 || request.isBatch) && !hasBegun;
    return request.isRepeatable && !isScript && isWhole && !isAbandoned;
  }

  /** Whether to remember that its reply is long. Then it takes a private connection next time. */
  protected get mayRemember(): boolean {
    return !this.request.isBatch;
  }

  reply(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    return this.#take(replyOf(bytes, from, to), 1, bytes[from] === MINUS);
  }

  several(
    bytes: Uint8Array,
    from: number,
    ends: readonly number[],
    count: number,
  ): void | Promise<void> {
    const to = ends[count - 1]!;
    const isError = bytes[count === 1 ? from : ends[count - 2]!] === MINUS;
    const part = count === 1 ? replyOf(bytes, from, to) : copyOf(bytes, from, to);
    return this.#take(part, count, isError);
  }

  /** @param isError Whether the last one of these replies is an error. */
  #take(part: Uint8Array, count: number, isError: boolean): void | Promise<void> {
    this.replies -= count;
    if (this.replies > 0) return this.#add(part);
    const isRefused = isError && !this.request.isBatch && isRefusal(part);
    const settled = isRefused ? undefined : this.#settle(this.sender.isCausal);
    if (settled === undefined) this.#end(part);
    else settled.then(() => this.#end(part));
  }

  part(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    if (this.isAbandoned && this.#stream === null) return; // Its client has left.
    if (this.request.rewrite !== null) return this.#add(copyOf(bytes, from, to));
    if (this.#stream === null) {
      this.sender.onLong();
      if (this.mayRemember) this.lane.options.long.add(this.request.bytes);
    }
    return this.#push(bytes.slice(from, to));
  }

  lost(isSent: boolean): void {
    const { request, lane, sender } = this;
    const hasBegun = this.#stream !== null || this.#collected !== null;
    if (!hasBegun && !sender.isCut && this.#mayRepeat && lane.mayRepeat(request, isSent)) {
      this.#mayRepeat = false;
      return lane.options.place !== undefined ? this.finish(UNSENT) : lane.sendAgain(this);
    }
    sender.isCut = true;
    // Nobody knows whether Redis executed it, so the entries of its keys may be wrong.
    const settled = isSent ? this.#settle() : undefined;
    // The replies to the first commands of a batch have come.
    if (request.isBatch && hasBegun) this.#begun().stop();
    else this.#stream?.cut();
    if (settled === undefined) this.finish(HANG_UP);
    else settled.then(() => this.finish(HANG_UP));
  }

  /** Makes the result known. */
  finish(passed: Passed): void {
    const { begunAt, lane: { options } } = this;
    if (this.isRouted && options.redirected!(this, passed)) return;
    if (begunAt > 0) options.latency?.observe(performance.now() - begunAt);
    this.sender.onDone();
    this.settle(passed);
  }

  /** Tells the cache what the request has changed. */
  #settle(isCausal = false): void | Promise<void> {
    return settle(this.request.written, this.lane.options.cache, isCausal);
  }

  /** Keeps replies until the others have come. */
  #add(part: Uint8Array): void | Promise<void> {
    const { isBatch } = this.request;
    if (this.#stream !== null || (isBatch && this.#collectedBytes > HELD_BYTES)) {
      return this.#push(part);
    }
    (this.#collected ??= []).push(part);
    this.#collectedBytes += part.length;
  }

  /** The stream of its replies, which begins now if it has not begun. */
  #begun(): ReplyStream {
    const { budget } = this.lane.options;
    if (this.#stream === null) {
      this.#stream = new ReplyStream((change) => budget.held(change));
      for (const part of this.#collected ?? []) this.#stream.push(part);
      this.settle(this.#stream);
    }
    return this.#stream;
  }

  /** Passes on replies, or a part of one, before the others have come. */
  #push(part: Uint8Array): void | Promise<void> {
    if (this.isAbandoned && this.#stream === null) return; // Its client has left.
    // The client sees the replies to its first writes before the last reply has come.
    if (this.request.isBatch) this.#settle();
    const { budget } = this.lane.options;
    const stream = this.#begun();
    const taken = stream.push(part);
    if (!budget.isOver) return;
    // Others must not wait for a client that is too slow: it is cut off, and served when it comes back.
    const isAlone = this.#isAlone || this.connection!.expected <= this.replies;
    if (!isAlone) return stream.cut();
    this.#isAlone = true;
    // From now on, this connection is as slow as the client. Others get a new one.
    this.lane.leave(this.connection!);
    return taken;
  }

  #end(part: Uint8Array): void {
    if (this.#stream !== null) {
      this.#stream.push(part);
      this.#stream.end();
      return this.finish(this.#stream);
    }
    const whole = this.#collected === null ? part : Buffer.concat([...this.#collected, part]);
    this.finish(this.request.rewritten(whole));
  }
}
