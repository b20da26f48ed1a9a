/**
 * The shared lane: one connection to Redis for the commands of all clients that leave no state
 * behind. Opened when it is first needed, and opened anew after a loss.
 *
 * It never stops reading, or a slow client would hold up all others: long replies wait in streams.
 *
 * @module
 */
import { Failure } from "../core/types.ts";
import type { Connection } from "../origin/wire/connection.ts";
import type { Receiver } from "../origin/wire/expected.ts";
import { type ChangeLog, settle } from "./changes.ts";
import type { Passable } from "./passable.ts";
import { HANG_UP, ReplyStream } from "../core/reply_stream.ts";

/** What came of a passed request: its replies as bytes or as a stream, or why there are none. */
export type Passed = Uint8Array | ReplyStream | Failure | typeof HANG_UP;

export interface SharedLaneOptions {
  /** Opens a connection; a failure says why there is none. Never rejects. */
  readonly open: () => Promise<Connection | Failure>;
  readonly cache: ChangeLog;
  /** Told how many bytes of long replies are held more, or fewer, in a stream. */
  readonly onHeld: (stream: ReplyStream, change: number) => void;
}

export class SharedLane {
  #connection: Connection | null = null;
  #opening: Promise<Failure | null> | null = null;
  #isClosed = false;

  constructor(readonly options: SharedLaneOptions) {}

  /** Requests that wait for their replies. */
  get outstanding(): number {
    return this.#connection?.expected ?? 0;
  }

  /**
   * Sends requests in one piece and resolves to all of their replies. Never rejects.
   *
   * @param replies How many replies come: more than one for a transaction in one piece.
   */
  pass(request: Passable, replies = 1): Promise<Passed> {
    const { promise, resolve } = Promise.withResolvers<Passed>();
    this.#send(request, replies, resolve, true);
    return promise;
  }

  /** Ends the connection for good. */
  close(): void {
    this.#isClosed = true;
    this.#connection?.close("the proxy is stopping");
  }

  #send(
    request: Passable,
    replies: number,
    resolve: (passed: Passed) => void,
    mayRepeat: boolean,
  ): void {
    const connection = this.#connection;
    if (connection !== null && connection.loss === null && this.#opening === null) {
      connection.send(request.bytes, replies, this.#receiver(request, replies, resolve, mayRepeat));
      return;
    }
    // Those who wait for the connection go on in the order in which they came.
    this.opened().then((failure) => {
      if (failure !== null) return resolve(failure);
      const receiver = this.#receiver(request, replies, resolve, mayRepeat);
      this.#connection!.send(request.bytes, replies, receiver);
    });
  }

  /** Resolves once there is a connection, or to why there is none. */
  opened(): Promise<Failure | null> {
    if (this.#opening === null && this.#connection?.loss === null) return Promise.resolve(null);
    return this.#opening ??= this.#open().finally(() => this.#opening = null);
  }

  async #open(): Promise<Failure | null> {
    const opened = await this.options.open();
    if (opened instanceof Failure) return opened;
    this.#connection = opened;
    if (this.#isClosed) opened.close("the proxy is stopping");
    return null;
  }

  #receiver(
    request: Passable,
    replies: number,
    resolve: (passed: Passed) => void,
    mayRepeat: boolean,
  ): Receiver {
    return new SharedReceiver(request, replies, resolve, this.options, (isSent) => {
      if (mayRepeat && (!isSent || request.isRepeatable) && !this.#isClosed) {
        this.#send(request, replies, resolve, false);
        return true;
      }
      return false;
    });
  }
}

/** Takes the replies of one request. */
class SharedReceiver implements Receiver {
  #collected: Uint8Array | null = null;
  #stream: ReplyStream | null = null;

  constructor(
    readonly request: Passable,
    public replies: number,
    readonly resolve: (passed: Passed) => void,
    readonly options: SharedLaneOptions,
    /** Sends the request once more if that is safe. */
    readonly repeat: (isSent: boolean) => boolean,
  ) {}

  reply(bytes: Uint8Array, from: number, to: number): void {
    const part = bytes.slice(from, to);
    if (--this.replies > 0) return this.#add(part);
    const settled = settle(this.request.written, this.options.cache);
    if (settled === undefined) this.#end(part);
    else settled.then(() => this.#end(part));
  }

  part(bytes: Uint8Array, from: number, to: number): void {
    const { onHeld } = this.options;
    if (this.#stream === null) {
      const stream: ReplyStream = new ReplyStream((change) => onHeld(stream, change));
      this.#stream = stream;
      if (this.#collected !== null) stream.push(this.#collected);
      this.resolve(stream);
    }
    this.#stream.push(bytes.slice(from, to));
  }

  lost(isSent: boolean): void {
    const { request, options } = this;
    if (this.#stream === null && this.#collected === null && this.repeat(isSent)) return;
    // Whether Redis did it is unknown: what the cache has of its keys may be wrong.
    const settled = isSent ? settle(request.written, options.cache) : undefined;
    this.#stream?.cut();
    if (settled === undefined) this.resolve(HANG_UP);
    else settled.then(() => this.resolve(HANG_UP));
  }

  #add(part: Uint8Array): void {
    if (this.#stream !== null) this.#stream.push(part);
    else this.#collected = this.#collected === null ? part : concat(this.#collected, part);
  }

  #end(part: Uint8Array): void {
    this.#add(part);
    if (this.#stream === null) this.resolve(this.#collected!);
    else this.#stream.end();
  }
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
