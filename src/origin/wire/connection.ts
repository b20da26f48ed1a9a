/**
 * One connection to Redis: requests go out in order, and each reply goes to its receiver.
 *
 *     out (Outbox) -> one write for all requests of a turn of the event loop -> Redis
 *     receivers, in order <- Framer <- in (Inbox) <- Redis
 *
 * It knows no commands. Requests and replies are bytes, so that those of clients pass unchanged.
 *
 * @module
 */
import { Delivery } from "./delivery.ts";
import { Expected, type Receiver } from "./expected.ts";
import { Inbox } from "./inbox.ts";
import { Outbox, requestOf } from "./outbox.ts";
import { forgetSocket, noteSocket, type Purpose } from "./own_sockets.ts";
import { parseReply, type Reply, ReplyError } from "./reply.ts";
import { turn } from "../../core/event_loop.ts";
import type { Millis } from "../../core/types.ts";

/** The longest time to pass replies on before other work has a turn. */
const SLICE: Millis = 2;

/** A reply did not come, because the connection is lost. The message says why. */
export class Lost extends Error {}

/** The needed parts of a `Deno.Conn`. */
export type Socket = Pick<Deno.Conn, "read" | "write" | "close">;

export interface ConnectionOptions {
  /** What it is for, if it is one of the proxy's connections to Redis. */
  readonly purpose?: Purpose;
  /**
   * Whether it has the requests of many clients. Those leave one step later: a request over a private
   * connection takes one step more on its way here, and the requests that different clients send one
   * after the other should leave in this order.
   */
  readonly isShared?: boolean | undefined;
  /** The most bytes of one read. Default: 64 KiB. */
  readonly readBytes?: number;
  /** Says in words why a read or a write failed. Default: the error's own. */
  readonly explain?: (error: Error) => string;
}

/** After a failed write, how long to wait for a last reply of Redis, which may give the reason. */
const LAST_WORDS: Millis = 50;

export class Connection {
  /** Takes requests. `expect` announces them. */
  readonly out = new Outbox();
  /** Takes a push, which answers no request. */
  onPush: Receiver["reply"] = () => {};
  /** Takes all bytes as they come, if they are no longer replies. Null while they are. */
  onRaw: Receiver["reply"] | null = null;
  /** Called once at the end of the connection, before the receivers learn of it. */
  onEnd: (why: string) => void = () => {};
  /** Takes replies without a receiver. If it is absent, they end the connection. */
  stray: Receiver | undefined;
  /** A long reply that may come again; null for none. Its end is found without reading it. */
  known: Uint8Array | null = null;
  /** The number of received bytes, and when the last ones came. */
  received = 0;
  now: Millis = performance.now();
  /** Why the connection ended; null while it is open. */
  loss: string | null = null;
  /** The error that Redis sent, unasked, before it closed the connection; null for none. */
  unasked: string | null = null;

  readonly #in: Inbox;
  readonly #expected = new Expected();
  readonly #delivery: Delivery;
  #isScheduled = false;
  #isWriting = false;
  #drained: PromiseWithResolvers<void> | null = null;
  #lastWords: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly socket: Socket, readonly options: ConnectionOptions = {}) {
    this.#in = new Inbox(options.readBytes ?? 64 * 1024);
    this.#delivery = new Delivery(this.#in, this.#expected, this);
    if (options.purpose !== undefined) noteSocket(socket, options.purpose);
    this.#receive();
  }

  /** The number of missing replies. */
  get expected(): number {
    return this.#expected.replies;
  }

  /** The receivers of missing replies, in order. */
  get waiting(): Receiver[] {
    return this.#expected.waiting;
  }

  /** The receiver of the last missing reply; undefined for none. */
  get last(): Receiver | undefined {
    return this.#expected.last;
  }

  /** Gives the missing replies of some receivers to others. */
  redirect(change: (receiver: Receiver) => Receiver): void {
    this.#expected.redirect(change);
  }

  /** Sends a request unchanged. Its replies go to the receiver. */
  send(request: Uint8Array, replies: number, receiver: Receiver): void {
    this.out.bytes(request);
    this.expect(replies, receiver);
  }

  /**
   * Announces a request that was appended to `out`. It is sent with all other requests of this turn of
   * the event loop. The receiver gets its replies, or learns that they do not come.
   */
  expect(replies: number, receiver: Receiver): void {
    if (this.loss !== null) {
      this.out.clear();
      return queueMicrotask(() => receiver.lost(false));
    }
    this.#expected.add(replies, receiver);
    this.flush();
  }

  /**
   * Sends a command, given as Latin-1 text. Rejects with `ReplyError` if Redis replies with an error,
   * and with `Lost` if no reply comes.
   */
  call(...words: string[]): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const lost = () => reject(new Lost(this.loss ?? ""));
    const reply = (bytes: Uint8Array, from: number) => {
      try {
        const parsed = parseReply(bytes, from);
        if (parsed instanceof ReplyError) reject(parsed);
        else resolve(parsed);
      } catch (error) {
        this.close((error as Error).message);
        lost();
      }
    };
    this.send(requestOf(...words), 1, { reply, lost });
    return promise;
  }

  /** Writes all of `out` at the end of the turn. */
  flush(): void {
    if (this.#isScheduled || this.#isWriting) return;
    this.#isScheduled = true;
    const write = () => void this.#write();
    queueMicrotask(this.options.isShared ? () => queueMicrotask(write) : write);
  }

  /** Whether all of `out` is written. */
  get isDrained(): boolean {
    return this.out.length === 0 && !this.#isWriting;
  }

  /** Resolves once all of `out` is written, or never will be. */
  drained(): Promise<void> {
    if (this.loss !== null || this.isDrained) return Promise.resolve();
    return (this.#drained ??= Promise.withResolvers()).promise;
  }

  /**
   * From the next reply on, the header of an array comes as a reply, and then each element, or no
   * longer. Redis may send pushes and messages between the elements of a reply to EXEC.
   */
  openArrays(isOn: boolean): void {
    this.#delivery.openArrays(isOn);
  }

  /** Little will come: with the next reply, the memory for more is given up until more comes. */
  trim(): void {
    this.#in.trim();
  }

  /** Ends the connection. All receivers learn of it before this returns. */
  close(why: string): void {
    if (this.loss !== null) return;
    this.loss = why;
    clearTimeout(this.#lastWords);
    forgetSocket(this.socket);
    try {
      this.socket.close();
    } catch {
      // The other side has closed it.
    }
    this.out.clear();
    this.onEnd(why);
    this.#expected.lose();
    this.#drained?.resolve();
  }

  async #write(): Promise<void> {
    const { out, socket } = this;
    this.#isScheduled = false;
    this.#isWriting = true;
    try {
      while (out.length > 0) {
        const taken = out.take();
        this.#expected.sent();
        for (let rest = taken; rest.length > 0;) rest = rest.subarray(await socket.write(rest));
        out.giveBack(taken);
      }
    } catch (error) {
      if (this.loss === null) {
        this.#lastWords = setTimeout(() => this.#fail(error as Error), LAST_WORDS);
      }
    }
    this.#isWriting = false;
    this.#drained?.resolve();
    this.#drained = null;
  }

  async #receive(): Promise<void> {
    const { socket } = this;
    const inbox = this.#in;
    let turnAt: Millis = 0;
    try {
      while (this.loss === null) {
        const count = await socket.read(inbox.room());
        if (count === null) return this.close("Redis closed the connection");
        this.received += count;
        this.now = performance.now();
        inbox.received(count);
        const isMore = inbox.isFull;
        await this.#delivery.deliver();
        // A read that left room has emptied the socket, so the next one lets other work go first.
        const now = performance.now();
        if (isMore && now >= turnAt) await turn();
        if (!isMore || now >= turnAt) turnAt = now + SLICE;
      }
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #fail(error: Error): void {
    const { explain = ({ message }) => message } = this.options;
    this.close(explain(error));
  }
}
