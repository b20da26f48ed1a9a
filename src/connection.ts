/**
 * One client's life: the only place where a request and an outcome meet.
 *
 *     socket -> input -> protocol.next -> request.read -> (cache, origin)
 *     socket <- output <- request.reply <- outcome
 *
 * Reads what is there, answers all of it, writes once. Hits are appended to the output at once; from
 * the first miss on, requests wait in order for their outcomes, all of them under way already. So a
 * client has one batch in flight, and one that does not read its replies is not read from.
 *
 * @module
 */
import { type Backlog, COUNTED_BYTES } from "./backlog.ts";
import { close, isGone, linger, part } from "./closing.ts";
import type { ClientRequest, Lookup, Millis, Protocol } from "./protocol.ts";
import { Input } from "./input.ts";
import { Output } from "./output.ts";
import { type Peer, peerOf } from "./peer.ts";
import { guess, type ProtocolName, sniff } from "./sniff.ts";
import type { Stats } from "./stats.ts";
import { turn } from "./turn.ts";

/** Requests of one client that may wait for the origin at once; more are not even parsed. */
const PENDING_REQUESTS = 128;

/** Requests of one client that are answered on end before it is asked how long that took. */
const BATCH_REQUESTS = 512;

/** How long a client is served on end before the others have a turn. */
const SLICE: Millis = 1;

/** What all connections share. */
export interface Service {
  readonly lookup: Lookup;
  readonly stats: Stats;
  /** The replies that all clients have not taken yet. */
  readonly backlog: Backlog;
  /** Makes the conversation of a new client in the protocol that its first bytes spoke. */
  converse(name: ProtocolName, peer: Peer): Protocol;
}

/**
 * What a connection is at, each with its own limit in time:
 * - `idle`: no part of a request has come
 * - `partial`: the beginning of a request has come
 * - `answering`: a read at the origin is under way, which has its own time-outs
 * - `writing`: the client has not taken all of its replies yet
 * - `lingering`: the last reply is written, and the client has not ended its side yet
 */
export type Phase = "idle" | "partial" | "answering" | "writing" | "lingering";

/** A request that waits for its outcome. */
interface Pending {
  readonly request: ClientRequest;
  readonly found: unknown;
}

/** A request that was replied to. */
const DONE: Pending = { request: { last: false, read() {}, reply() {} }, found: undefined };

export class Connection {
  phase: Phase = "idle";
  /** Since when the connection is at this without progress. */
  since: Millis = performance.now();

  readonly #input = new Input();
  readonly #output = new Output();
  readonly #pending: Pending[] = [];
  #protocol: Protocol | undefined;
  /** The last request was answered: nothing more is read. */
  #last = false;
  #isClosed = false;
  /** When it is the others' turn, if the client has been served on end until then. */
  #turnAt: Millis = 0;
  /** Whether a read that leaves room says nothing of what is still to be read. */
  readonly #isTls: boolean;
  /** The server stops: what has been asked is answered, and then no more. */
  #stopping = false;

  constructor(readonly conn: Deno.Conn, readonly service: Service) {
    this.#isTls = "handshake" in conn;
  }

  /**
   * Serves the client until either side ends the connection. Never rejects for the client's sake.
   *
   * Reads and writes are awaited here and not in functions of their own: measured, each function in
   * between costs 3 % of a hit whose client sends one request at a time.
   */
  async serve(): Promise<void> {
    const { conn } = this;
    const input = this.#input;
    const output = this.#output;
    try {
      while (!this.#last && !this.#stopping) {
        const count = await conn.read(input.room());
        if (count === null) break;
        // Read once for a batch, and after each wait: a value must be fresh when it is looked up.
        let now = performance.now();
        // A read that left room has emptied the socket: the next one waits until others had a look.
        if (!input.received(count) && !this.#isTls) this.#turnAt = now + SLICE;
        for (let isDry = !this.#understand(now); !isDry;) {
          isDry = this.#take(now);
          if (this.#pending.length > 0) {
            await this.#settle();
            now = performance.now();
            this.#turnAt = now + SLICE;
          }
          if (output.length > 0) {
            this.#offer(now);
            for (let piece = output.next(); piece !== undefined; piece = output.next()) {
              output.took(await conn.write(piece));
              now = this.since = performance.now();
            }
            this.service.backlog.release(this);
          }
          if (now >= this.#turnAt) {
            await turn();
            now = performance.now();
            this.#turnAt = now + SLICE;
          }
        }
        this.#wait(now);
      }
      if (this.#last || this.#stopping) {
        this.#enter("lingering", performance.now());
        await linger(conn, input.bytes);
      }
    } catch (error) {
      if (!isGone(error)) throw error;
    } finally {
      this.service.backlog.release(this);
      this.close();
    }
  }

  /** Ends the connection at once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    close(this.conn);
  }

  /** Whether it was ended; a write that is under way may outlive this. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Ends a connection whose client took too long to send a request, and says so where it is said. */
  async expire(): Promise<void> {
    const output = this.#output;
    const protocol = this.#protocol ?? this.service.converse(guess(this.#input), peerOf(this.conn));
    protocol.expire?.(output);
    this.#last = true;
    this.#enter("writing", performance.now());
    await part(this, output);
  }

  /** Ends the connection at once, with replies that its client does not take. */
  cutOff(): void {
    this.service.stats.clientsCutOff++;
    this.service.backlog.release(this);
    this.#output.abandon();
    this.#pending.length = 0;
    this.close();
  }

  /** Ends the connection as soon as what was asked is answered. */
  finish(): void {
    this.#stopping = true;
    if (this.phase === "idle" || this.phase === "lingering") this.close();
  }

  /** The writing half, as the output sees it: every piece that goes out is progress. */
  async write(bytes: Uint8Array): Promise<number> {
    const count = await this.conn.write(bytes);
    this.since = performance.now();
    return count;
  }

  /** Whether it is known by now which protocol the client speaks. */
  #understand(now: Millis): boolean {
    const { backlog } = this.service;
    if (backlog.isOver) backlog.relieve(now);
    return (this.#protocol ??= this.#recognise()) !== undefined;
  }

  /** Takes requests off the input until it is dry (true), or until the client must wait (false). */
  #take(now: Millis): boolean {
    const { lookup, stats } = this.service;
    const protocol = this.#protocol!;
    const input = this.#input;
    const output = this.#output;
    const pending = this.#pending;
    for (let count = 0; count < BATCH_REQUESTS; count++) {
      const request = protocol.next(input);
      if (request === undefined) return true;
      stats.requests++;
      this.phase = "answering"; // What is left of the input is the beginning of another one.
      const found = request.read(lookup, now);
      if (pending.length > 0 || found instanceof Promise) pending.push({ request, found });
      else request.reply(output, found);
      if (request.last) {
        this.#last = true;
        return true;
      }
      if (output.full || pending.length >= PENDING_REQUESTS) return false;
    }
    return false;
  }

  /** Waits for the outcomes of the pending requests, and replies in order. */
  async #settle(): Promise<void> {
    const pending = this.#pending;
    for (let index = 0; index < pending.length; index++) {
      if (this.#output.length > 0 && pending[index]!.found instanceof Promise) {
        await this.#flush();
        if (this.#isClosed) break;
      }
      this.#enter("answering", this.since);
      await this.#reply(pending[index]!);
      pending[index] = DONE;
      if (this.#output.full) await this.#flush();
    }
    pending.length = 0;
  }

  /** On its own: who waits for a write, which may never end, must not hold what was found. */
  async #reply({ request, found }: Pending): Promise<void> {
    request.reply(this.#output, await found);
  }

  async #flush(): Promise<void> {
    this.#offer(performance.now());
    try {
      await this.#output.flush(this);
    } finally {
      this.service.backlog.release(this);
    }
  }

  /** Begins to write what is in the output. */
  #offer(now: Millis): void {
    this.#enter("writing", now);
    if (this.#output.length < COUNTED_BYTES) return;
    this.service.backlog.hold(this, this.#output.memory(), now);
  }

  /** All was answered that has come whole: what follows is a new request, or the rest of one. */
  #wait(now: Millis): void {
    const input = this.#input;
    if (input.length === 0) {
      this.#enter("idle", now);
      input.relax();
    } else if (this.phase !== "partial") {
      this.#enter("partial", now);
    }
  }

  #recognise(): Protocol | undefined {
    const name = sniff(this.#input);
    return name === undefined ? undefined : this.service.converse(name, peerOf(this.conn));
  }

  #enter(phase: Phase, now: Millis): void {
    this.phase = phase;
    this.since = now;
  }
}
