/**
 * One connection to Redis: requests go out in order, and each reply comes to who waits for it.
 *
 *     out (Outbox) -> one write for all requests of a turn of the event loop -> Redis
 *     receivers, in order <- Framer <- in (Inbox) <- Redis
 *
 * It knows no command. Requests and replies pass as the bytes that they are, so that what a client
 * sent can be sent on unchanged, and what Redis answered can be handed on unchanged.
 *
 * @module
 */
import { Expected, type Receiver } from "./expected.ts";
import { BROKEN, Framer, MORE } from "./framer.ts";
import { Inbox } from "./inbox.ts";
import { Outbox, requestOf } from "./outbox.ts";
import { latin1, parseReply, type Reply, ReplyError } from "./reply.ts";
import { turn } from "../../core/event_loop.ts";
import type { Millis } from "../../core/types.ts";

/** How long replies are handed on without a break before others have a turn. */
const SLICE: Millis = 2;

/** The longest reply that is collected for a receiver who takes no parts, in bytes. */
const COLLECTED_BYTES = 64 * 1024 * 1024;

/** The first byte of an error. */
const ERROR = 0x2d;

/** A reply that did not come, for the connection is lost. The message says why it was lost. */
export class Lost extends Error {}

/** The parts of a `Deno.Conn` that are needed. */
export type Socket = Pick<Deno.Conn, "read" | "write" | "close">;

export interface ConnectionOptions {
  /** What one read may bring at most, in bytes. Default: 64 KiB. */
  readonly readBytes?: number;
  /** Says in words why a read or a write failed. Default: the error's own. */
  readonly explain?: (error: Error) => string;
}

/** How long a failed write waits for what Redis may have said before it closed the connection. */
const LAST_WORDS: Millis = 50;

export class Connection {
  /** Requests are appended here, and announced by `expect`. */
  readonly out = new Outbox();
  /** Takes a push, which answers no request, as a receiver takes a reply. */
  onPush: Receiver["reply"] = () => {};
  /** Called once, when the connection ends, before those who wait for replies are told. */
  onEnd: (why: string) => void = () => {};
  /** Takes replies that no receiver waits for; without it, they end the connection. */
  stray: Receiver | undefined;
  /** Bytes that have come so far, and when the last of them came. */
  received = 0;
  now: Millis = performance.now();
  /** Why the connection has ended; null while it is open. */
  loss: string | null = null;
  /** The error by which Redis has ended it unasked, as where it has too many clients; null for none. */
  unasked: string | null = null;

  readonly #in: Inbox;
  readonly #framer = new Framer();
  readonly #expected = new Expected();
  #isScheduled = false;
  #isWriting = false;
  #drained: PromiseWithResolvers<void> | null = null;
  #lastWords: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly socket: Socket, readonly options: ConnectionOptions = {}) {
    this.#in = new Inbox(options.readBytes ?? 64 * 1024);
    this.#receive();
  }

  /** The number of replies that are still to come. */
  get expected(): number {
    return this.#expected.replies;
  }

  /** Sends a request as it is; its replies, so many, go to the receiver. */
  send(request: Uint8Array, replies: number, receiver: Receiver): void {
    this.out.bytes(request);
    this.expect(replies, receiver);
  }

  /**
   * Announces what was appended to `out`: it is sent with all other requests of this turn of the
   * event loop. Its replies, so many, go to the receiver, which is also told when they do not come.
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
   * Sends a command, given as Latin-1 text. Rejects with `ReplyError` when Redis replies with an error,
   * and with `Lost` when no reply comes.
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

  /** Has all of `out` written soon. */
  flush(): void {
    if (this.#isScheduled || this.#isWriting) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#write());
  }

  /** Settles when all of `out` is written, or will never be. */
  drained(): Promise<void> {
    if (this.loss !== null || (this.out.length === 0 && !this.#isWriting)) return Promise.resolve();
    return (this.#drained ??= Promise.withResolvers()).promise;
  }

  /** Ends the connection. Whoever waits for a reply is told before this returns. */
  close(why: string): void {
    if (this.loss !== null) return;
    this.loss = why;
    clearTimeout(this.#lastWords);
    try {
      this.socket.close();
    } catch {
      // It was closed by the other side.
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
        await this.#deliver();
        // A read that left room has emptied the socket: the next one lets others go first.
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

  /** Hands on all replies that have come; a promise where a receiver holds them back. */
  #deliver(): void | Promise<void> {
    const inbox = this.#in;
    while (this.loss === null) {
      const end = this.#framer.scan(inbox.bytes, inbox.seen, inbox.to);
      const held = end === MORE ? this.#await() : end === BROKEN ? this.#refuse() : this.#hand(end);
      if (end === MORE) return held;
      if (held !== undefined) return held.then(() => this.#deliver());
    }
  }

  /** Hands on the reply that ends at `end`. */
  #hand(end: number): void | Promise<void> {
    const { bytes, from } = this.#in;
    this.#in.from = this.#in.seen = end;
    if (this.#framer.isPush) return this.onPush(bytes, from, end);
    const receiver = this.#expected.first;
    if (receiver !== undefined) this.#expected.took();
    else if (this.stray === undefined) return this.#refuseUnasked(bytes, from, end);
    return (receiver ?? this.stray)!.reply(bytes, from, end);
  }

  /** Sees to it that there is room for more of the reply that is under way. */
  #await(): void | Promise<void> {
    const inbox = this.#in;
    const { bytes, from, to } = inbox;
    inbox.seen = to;
    if (from === to || !inbox.isFull) return;
    const receiver = this.#expected.first ?? this.stray;
    if (receiver?.part !== undefined && !this.#framer.isPush) {
      // A short reply that the end of the memory cuts in two is moved, and comes whole.
      const missing = inbox.maxBytes - (to - from);
      if (missing > 0) return inbox.extend(Math.min(this.#framer.awaited, missing));
      inbox.from = to;
      return receiver.part(bytes, from, to);
    }
    if (to - from > COLLECTED_BYTES) return this.close("Redis sent a reply that is too long");
    inbox.extend(this.#framer.awaited);
  }

  #refuse(): void {
    this.close(`what answers does not speak Redis's protocol: ${this.#framer.fault}`);
  }

  #refuseUnasked(bytes: Uint8Array, from: number, end: number): void {
    if (bytes[from] === ERROR) this.unasked = latin1(bytes, from + 1, end - 2);
    this.close(this.unasked ?? "Redis sent a reply that nobody asked for");
  }
}
