/**
 * One client's life: the only place where a request and an outcome meet.
 *
 *     socket -> input -> protocol.next -> request.read -> (cache, origin)
 *     socket <- writer <- request.reply <- outcome
 *
 * Reads what is there, answers all of it, writes once. Hits are appended to the output at once; from
 * the first miss on, requests wait in order for their outcomes, all of them under way already. A
 * client that does not take its replies is read from only as far as it may need (read_ahead.ts).
 *
 * @module
 */
import { Activity } from "./activity.ts";
import { close, isGone, linger } from "./closing.ts";
import { HandedOver } from "./handed_over.ts";
import { Intake } from "./intake.ts";
import type { Peer } from "./peer.ts";
import type { Millis } from "../core/types.ts";
import type { ClientEnd } from "./protocol.ts";
import { ReadAhead, type Source } from "./read_ahead.ts";
import type { Service } from "./service.ts";
import type { SlowClient } from "./slow_clients.ts";
import { Writer } from "./writer.ts";

export class Connection implements SlowClient {
  readonly activity: Activity;
  readonly #writer: Writer;
  readonly #intake: Intake;
  /** Where requests are read: the connection, or what was read ahead of it. */
  #source: Source;
  /** Whether a read that leaves room says nothing of what is still to be read. */
  readonly #isTls: boolean;

  /** The connection in the hands of a request that has taken it over. */
  #handedOver: ClientEnd | null = null;
  /** What has been asked is answered, and then no more. */
  #isStopping = false;
  /** Our side of the connection is ended. */
  #isHungUp = false;
  #isClosed = false;

  constructor(readonly conn: Deno.Conn, readonly service: Service) {
    // A load balancer sends its header at once, whatever the client does.
    this.activity = new Activity(service.entrance.isHeaderWanted ? "partial" : "idle");
    this.#writer = new Writer(conn, this.activity, service.slow, this);
    this.#intake = new Intake(conn, service, this.#writer);
    this.#source = conn;
    this.#isTls = "handshake" in conn;
  }

  /**
   * Serves the client until either side ends the connection. Never rejects for the client's sake.
   *
   * Reads and writes are awaited here: measured, each asynchronous function in between costs 1 to 3 %
   * of a hit whose client sends one request at a time.
   */
  async serve(): Promise<void> {
    const { conn, activity } = this;
    const intake = this.#intake;
    const writer = this.#writer;
    const { input, pending, slice } = intake;
    try {
      while (!intake.isOver && !this.#isStopping && !this.#isClosed) {
        const count = await this.#source.read(input.room());
        if (count === null || this.#isHungUp) break;
        // Read once for a batch, and after each wait: a value must be fresh when it is looked up.
        let now = performance.now();
        this.#received(count, now);
        for (let isDry = !intake.isReady(); !isDry;) {
          isDry = intake.take(now);
          if (pending.length > 0) {
            await pending.settle(writer, this);
            now = performance.now();
            slice.begin(now);
          }
          if (writer.isBusy) await writer.flush();
          else if (writer.output.length > 0) {
            for (let piece = writer.begin(now); piece !== undefined;) {
              piece = writer.took(await conn.write(piece));
            }
            now = activity.since;
          }
          if (intake.hasHeir) isDry = !await this.#handOver();
          if (!isDry) now = performance.now();
          if (slice.isOver(now)) now = await slice.yield();
        }
        this.#rest(now);
      }
      if (intake.isOver || this.#isStopping) await this.#leave();
    } catch (error) {
      if (!isGone(error)) throw error;
    } finally {
      this.#writer.abandon();
      this.#dropAhead();
      intake.end();
      this.close();
    }
  }

  /** The two ends of the connection. */
  get peer(): Peer {
    return this.#intake.peer;
  }

  /** Whether it was ended; a write that is under way may outlive this. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** When the client last took some of its replies, while it is written to. */
  get tookAt(): Millis {
    return this.activity.since;
  }

  /** When the client last did what the connection needs to get on. */
  get movedAt(): Millis {
    const { phase, since } = this.activity;
    const source = this.#source;
    const isAhead = phase === "writing" && source instanceof ReadAhead;
    return isAhead ? Math.max(since, source.since) : since;
  }

  /** Has the client leave after its next request, if its protocol has a way to say so. */
  drain(): void {
    this.#intake.drain();
  }

  /**
   * Ends the connection as soon as what was asked is answered. A client that was heard of within
   * `recent` probably asks more: it gets an answer to that, and hears of the end with it.
   */
  finish(recent: Millis): void {
    this.drain();
    this.#isStopping = true;
    this.#handedOver?.onFinish();
    const { phase, since } = this.activity;
    const isWaiting = phase === "idle" || (phase === "partial" && this.#intake.input.length === 0);
    if (isWaiting && performance.now() - since >= recent) this.#hangUp().catch(() => {});
  }

  /** Ends the connection of a client that takes too long to send a request, and tells it so. */
  async expire(): Promise<void> {
    this.#intake.expire();
    try {
      await this.#writer.flush();
      await this.conn.closeWrite();
    } catch (error) {
      if (!isGone(error)) throw error;
    } finally {
      this.close();
    }
  }

  /** Ends the connection at once, with replies that its client does not take. */
  cutOff(): void {
    this.service.stats.clientsCutOff++;
    this.#writer.abandon();
    this.#dropAhead();
    this.#intake.pending.clear();
    this.close();
  }

  /** Ends the connection at once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    close(this.conn);
  }

  /** Reads on from a client that takes no replies, for it may have to send all before. */
  readAhead(): void {
    const { slow } = this.service;
    if (this.activity.phase !== "writing" || this.#intake.isOver || this.#isClosed) return;
    if (!slow.holds(this)) this.#writer.count(performance.now());
    if (this.#isClosed) return; // There was no room for it.
    if (!(this.#source instanceof ReadAhead)) {
      this.#source = new ReadAhead(this.conn, slow.room, () => this.#source = this.conn);
    }
    (this.#source as ReadAhead).goOn();
  }

  /** Takes note of bytes that were read. */
  #received(count: number, now: Millis): void {
    const { slow } = this.service;
    if (slow.ledger.isOver) slow.relieve(now);
    const { input, slice } = this.#intake;
    const isFull = input.received(count);
    // A read that left room has emptied the socket: the next one waits until others had a look.
    if (!isFull && !this.#isTls && this.#source === this.conn) slice.begin(now);
  }

  /** Has a request serve the client by itself; false if the connection has ended with it. */
  async #handOver(): Promise<boolean> {
    this.#handedOver = new HandedOver(this, this.#intake, () => this.#source);
    await this.#intake.handOver(this.#handedOver);
    this.#handedOver = null;
    return !this.#isClosed;
  }

  /** All was answered that has come whole: what follows is a new request, or the rest of one. */
  #rest(now: Millis): void {
    const { input } = this.#intake;
    if (input.length === 0) {
      this.activity.enter("idle", now);
      input.relax();
    } else if (this.activity.phase !== "partial") {
      this.activity.enter("partial", now);
    }
  }

  /** Ends our side of the connection, and waits until the client ends its own. */
  async #leave(): Promise<void> {
    this.#dropAhead();
    await this.#hangUp();
    await linger(this.#source, this.#intake.input.bytes);
  }

  /** Ends our side of the connection, which leaves the client the time to end its own. */
  async #hangUp(): Promise<void> {
    if (this.#isHungUp) return;
    this.#isHungUp = true;
    this.activity.enter("lingering", performance.now());
    await this.conn.closeWrite();
  }

  #dropAhead(): void {
    if (this.#source instanceof ReadAhead) this.#source.drop();
  }
}
