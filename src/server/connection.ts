/**
 * One client's life: the only place where a request and an outcome meet.
 *
 *     socket -> input -> protocol.next -> request.read -> (cache, origin)
 *     socket <- output <- request.reply <- outcome
 *
 * Reads what is there, answers all of it, writes once. Hits are appended to the output at once; from
 * the first miss on, requests wait in order for their outcomes, all of them under way already. A
 * client that does not take its replies is read from only as far as it may need (read_ahead.ts).
 *
 * @module
 */
import { Arrival } from "./arrival.ts";
import { COUNTED_BYTES } from "./reply_backlog.ts";
import { close, isGone, linger, part } from "./closing.ts";
import { Input } from "./input.ts";
import { Output } from "./output.ts";
import { type Peer, peerOf } from "./peer.ts";
import { PendingReplies } from "./pending.ts";
import type { Millis } from "../core/types.ts";
import { type ClientEnd, type ClientRequest, type Protocol, TAKE_OVER } from "./protocol.ts";
import { ReadAhead } from "./read_ahead.ts";
import type { Phase } from "./protocol.ts";
import type { Service } from "./service.ts";
import { turn } from "../core/event_loop.ts";

/** Requests of one client that may wait for the origin at once; more are not even parsed. */
const PENDING_REQUESTS = 128;

/** Bytes of requests that are answered before the time that it took is looked at. */
const TIMED_BYTES = 4 * 1024;

/** How long a client is served on end before the others have a turn. */
const SLICE: Millis = 1;

export class Connection {
  phase: Phase;
  /** Since when the connection is at this, or when the client last took some of its replies. */
  since: Millis = performance.now();

  /** Whether the write that is under way, or was, has seen a sweep. */
  wasSwept = false;

  readonly #input = new Input();
  readonly #output = new Output();
  readonly #pending = new PendingReplies();
  /** The way to Redis of the requests that are pending. */
  #way: string | undefined;
  /** A request that was taken off the input, and waits for those before it. */
  #carried: ClientRequest | undefined;
  /** A request that takes the connection over once all before it is answered. */
  #heir: ClientRequest | undefined;
  /** The connection in the hands of a request that has taken it over. */
  #handedOver: ClientEnd | null = null;
  /** What comes before all that the connection itself gives. */
  #ahead: ReadAhead | null = null;
  /** Until the first request shows which protocol the client speaks. */
  readonly #arrival: Arrival;
  #protocol: Protocol | undefined;
  /** The last request was answered: nothing more is read. */
  #last = false;
  #isClosed = false;
  /** When it is the others' turn, if the client has been served on end until then. */
  #turnAt: Millis = 0;
  /** Whether a read that leaves room says nothing of what is still to be read. */
  readonly #isTls: boolean;
  /** The client is asked to leave. */
  #isDraining = false;
  /** Our side of the connection is ended. */
  #isHungUp = false;
  /** The server stops: what has been asked is answered, and then no more. */
  #stopping = false;

  constructor(readonly conn: Deno.Conn, readonly service: Service) {
    const { entrance } = service;
    this.#arrival = new Arrival(entrance, peerOf(conn));
    // A load balancer sends its header at once, whatever the client does.
    this.phase = entrance.isHeaderWanted ? "partial" : "idle";
    this.#isTls = "handshake" in conn;
  }

  /**
   * Serves the client until either side ends the connection. Never rejects for the client's sake.
   *
   * Reads and writes are awaited here: measured, each asynchronous function in between costs 1 to 3 %
   * of a hit whose client sends one request at a time.
   */
  async serve(): Promise<void> {
    const { conn } = this;
    const input = this.#input;
    const output = this.#output;
    try {
      while (!this.#last && !this.#stopping && !this.#isClosed) {
        const count = await (this.#ahead ?? conn).read(input.room());
        if (count === null || this.#isHungUp) break;
        // Read once for a batch, and after each wait: a value must be fresh when it is looked up.
        let now = performance.now();
        // A read that left room has emptied the socket: the next one waits until others had a look.
        const isEmptied = !input.received(count) && !this.#isTls && this.#ahead === null;
        if (isEmptied) this.#turnAt = now + SLICE;
        for (let isDry = !this.#understand(now); !isDry;) {
          isDry = this.#take(now);
          if (this.#pending.length > 0) {
            await this.#pending.settle(output, this);
            now = performance.now();
            this.#turnAt = now + SLICE;
          }
          if (output.length > 0) {
            const isCounted = this.#offer(now);
            for (let piece = output.next(); piece !== undefined; piece = output.next()) {
              output.took(await conn.write(piece));
              // A small write takes no time, or so much of it that a sweep has come by.
              if (isCounted || this.wasSwept) now = this.since = performance.now();
            }
            this.service.backlog.release(this);
          }
          if (this.#heir !== undefined) {
            await this.#handOver(this.#heir);
            isDry = this.#isClosed;
          }
          if (!isDry) now = performance.now();
          if (now >= this.#turnAt) {
            await turn();
            now = performance.now();
            this.#turnAt = now + SLICE;
          }
        }
        this.#wait(now);
      }
      if (this.#last || this.#stopping) {
        this.#ahead?.drop();
        await this.#hangUp();
        await linger(this.#ahead ?? conn, input.bytes);
      }
    } catch (error) {
      if (!isGone(error)) throw error;
    } finally {
      this.service.backlog.release(this);
      this.#ahead?.drop();
      this.#protocol?.end?.();
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
    const protocol = this.#protocol ?? this.#arrival.guess(this.#input);
    protocol?.expire?.(output, this.#input);
    this.#last = true;
    this.#enter("writing", performance.now());
    await part(this, output);
  }

  /** Ends the connection at once, with replies that its client does not take. */
  cutOff(): void {
    this.service.stats.clientsCutOff++;
    this.service.backlog.release(this);
    this.#output.abandon();
    this.#ahead?.drop();
    this.#pending.clear();
    this.close();
  }

  /** Has the client leave after its next request, if its protocol has a way to say so. */
  drain(): void {
    this.#isDraining = true;
    this.#protocol?.drain?.();
  }

  /**
   * Ends the connection as soon as what was asked is answered. A client that was heard of within
   * `recent` probably asks more: it gets an answer to that, and hears of the end with it.
   */
  finish(recent: Millis): void {
    this.drain();
    this.#stopping = true;
    this.#handedOver?.onFinish();
    const isWaiting = this.phase === "idle" ||
      (this.phase === "partial" && this.#input.length === 0);
    if (isWaiting && performance.now() - this.since >= recent) this.#hangUp().catch(() => {});
  }

  /** Reads on from a client that takes no replies, for it may have to send all before. */
  readAhead(): void {
    const { backlog, stalls } = this.service;
    if (this.phase !== "writing" || this.#last || this.#isClosed) return;
    if (!backlog.has(this)) backlog.hold(this, this.#output.memory(), performance.now());
    if (this.#isClosed) return; // There was no room for it.
    this.#ahead ??= new ReadAhead(this.conn, stalls, () => this.#ahead = null);
    this.#ahead.goOn();
  }

  /** The two ends of the connection. */
  get peer(): Peer {
    return this.#arrival.peer;
  }

  /** When the client last did what the connection needs to get on. */
  get movedAt(): Millis {
    const { phase, since } = this;
    return phase === "writing" && this.#ahead !== null ? Math.max(since, this.#ahead.since) : since;
  }

  /** Writes what is in the output. */
  async flush(): Promise<void> {
    this.#offer(performance.now());
    try {
      await this.#output.flush(this);
    } finally {
      this.service.backlog.release(this);
    }
  }

  /** The writing half, as the output sees it: every piece that goes out is progress. */
  async write(bytes: Uint8Array): Promise<number> {
    const count = await this.conn.write(bytes);
    this.since = performance.now();
    return count;
  }

  /** Ends our side of the connection, which leaves the client the time to end its own. */
  async #hangUp(): Promise<void> {
    if (this.#isHungUp) return;
    this.#isHungUp = true;
    this.#enter("lingering", performance.now());
    await this.conn.closeWrite();
  }

  /** Whether it is known by now which protocol the client speaks. */
  #understand(now: Millis): boolean {
    const { backlog } = this.service;
    if (backlog.isOver) backlog.relieve(now);
    if (this.#protocol !== undefined) return true;
    const protocol = this.#arrival.converse(this.#input);
    if (protocol === null) this.#last = true;
    this.#protocol = protocol ?? undefined;
    if (this.#isDraining) this.#protocol?.drain?.();
    return this.#protocol !== undefined;
  }

  /** Takes requests off the input until it is dry (true), or until the client must wait (false). */
  #take(now: Millis): boolean {
    const { lookup, stats } = this.service;
    const protocol = this.#protocol!;
    const input = this.#input;
    const output = this.#output;
    const pending = this.#pending;
    let timedAt = input.start + TIMED_BYTES;
    for (;;) {
      const request = this.#carried ?? protocol.next(input);
      if (request === undefined) return protocol.isPaused !== true;
      if (pending.length > 0 && request.way !== undefined && request.way !== this.#way) {
        this.#carried = request;
        return false;
      }
      this.#carried = undefined;
      stats.requests++;
      this.phase = "answering"; // What is left of the input is the beginning of another one.
      const found = request.read(lookup, now);
      if (found === TAKE_OVER) {
        this.#heir = request;
        return false;
      }
      const isLate = pending.length > 0 || found instanceof Promise;
      if (isLate || request.reply(output, found) === false) {
        if (pending.length === 0) this.#way = request.way;
        pending.push(request, found);
      }
      if (request.last) {
        this.#last = true;
        return true;
      }
      if (output.full || pending.length >= PENDING_REQUESTS) return false;
      if (input.start >= timedAt) {
        if (performance.now() >= this.#turnAt) return false;
        timedAt = input.start + TIMED_BYTES;
      }
    }
  }

  /** Has a request serve the client by itself. */
  async #handOver(heir: ClientRequest): Promise<void> {
    this.#heir = undefined;
    this.#enter("answering", performance.now());
    this.#handedOver = this.#clientEnd();
    this.#carried = await heir.takeOver!(this.#handedOver);
    this.#handedOver = null;
  }

  #clientEnd(): ClientEnd {
    return {
      lookup: this.service.lookup,
      next: () => this.#protocol!.next(this.#input),
      receive: async () => {
        this.#input.relax();
        try {
          const count = await (this.#ahead ?? this.conn).read(this.#input.room());
          if (count !== null) this.#input.received(count);
          return count !== null;
        } catch (error) {
          if (isGone(error)) return false;
          throw error;
        }
      },
      write: async (bytes) => {
        try {
          while (bytes.length > 0) bytes = bytes.subarray(await this.conn.write(bytes));
        } catch (error) {
          if (!isGone(error)) throw error;
        }
      },
      close: () => this.close(),
      onFinish: () => this.close(),
    };
  }

  /** Begins to write what is in the output; true if that is so much that it is counted. */
  #offer(now: Millis): boolean {
    this.#enter("writing", now);
    this.wasSwept = false;
    if (this.#output.length < COUNTED_BYTES) return false;
    this.service.backlog.hold(this, this.#output.memory(), now);
    this.service.stalls.watch();
    return true;
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

  #enter(phase: Phase, now: Millis): void {
    this.phase = phase;
    this.since = now;
  }
}
