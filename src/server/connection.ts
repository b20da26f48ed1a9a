/**
 * One client's connection, from its first byte to its end.
 *
 *     socket -> input -> protocol.next -> request.read -> (cache, origin)
 *     socket <- writer <- request.reply <- answer
 *
 * It reads the bytes that have arrived, answers all complete requests, and writes once. Hits are
 * appended to the output at once. From the first miss on, requests wait in order for their answers,
 * while their reads are in flight. If a client does not read its replies, its requests are read
 * ahead (read_ahead.ts).
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
  /** The source of requests: the connection, or the bytes that were read ahead. */
  #source: Source;
  /** Whether a read that leaves room may still have more bytes behind it. */
  readonly #isTls: boolean;

  /** The connection, as seen by a request that has taken it over. */
  #handedOver: ClientEnd | null = null;
  /** Whether all requests are answered in full. */
  #isResting = true;
  /** Bytes that answer no request, and wait until no reply is being sent. */
  readonly #pushed: Uint8Array[] = [];
  /** Whether the connection ends after the current requests. */
  #isStopping = false;
  /** Whether our side of the connection is ended. */
  #isHungUp = false;
  #isClosed = false;

  constructor(readonly conn: Deno.Conn, readonly service: Service) {
    // A load balancer sends its header at once, before the client sends anything.
    this.activity = new Activity(service.entrance.isHeaderWanted ? "partial" : "idle");
    this.#writer = new Writer(conn, this.activity, service, this);
    this.#intake = new Intake(conn, service, this.#writer, (bytes) => this.#push(bytes));
    this.#source = conn;
    this.#isTls = "handshake" in conn;
  }

  /**
   * Serves the client until either side ends the connection. Rejects only for a fault of this
   * program.
   *
   * It awaits reads and writes itself: measured, each asynchronous function in between costs 1 to 3
   * % of a hit from a client that sends one request at a time.
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
        // The clock is read once for a batch, and after each wait: a value must be fresh at its
        // lookup.
        let now = performance.now();
        this.#received(count, now);
        for (let isDry = !intake.isReady(); !isDry;) {
          isDry = intake.take(now);
          if (pending.length > 0) {
            for (
              let wait = pending.advance(writer, this);
              wait !== null;
              wait = pending.advance(writer, this)
            ) await wait;
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

  /** Whether it was ended. An in-flight write may last longer. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** When the client last read some of its replies, during a write. */
  get tookAt(): Millis {
    return this.activity.since;
  }

  /** When the client last made progress with what the connection waits for. */
  get movedAt(): Millis {
    const { phase, since } = this.activity;
    const source = this.#source;
    const isAhead = phase === "writing" && source instanceof ReadAhead;
    return isAhead ? Math.max(since, source.since) : since;
  }

  /** Makes the client leave after its next request, if its protocol can say so. */
  drain(): void {
    this.#intake.drain();
  }

  /**
   * Ends the connection once all requests are answered. A client that was active within `recent`
   * probably sends another request: it gets the answer to that one first.
   */
  finish(recent: Millis): void {
    this.drain();
    this.#isStopping = true;
    this.#handedOver?.onFinish();
    const { phase, since } = this.activity;
    const isWaiting = phase === "idle" || (phase === "partial" && this.#intake.input.length === 0);
    if (isWaiting && performance.now() - since >= recent) this.#hangUp().catch(() => {});
  }

  /** Ends the connection with a last reply, because the client takes too long to send a request. */
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

  /** Ends the connection at once, with replies that its client does not read. */
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

  /**
   * Keeps reading from a client that reads no replies, because it may send all its requests first.
   */
  readAhead(): void {
    const { slow } = this.service;
    if (this.activity.phase !== "writing" || this.#intake.isOver || this.#isClosed) return;
    if (!slow.holds(this)) this.#writer.count(performance.now());
    if (this.#isClosed) return; // There was no room for its replies.
    this.ahead();
  }

  /** Reads ahead from the client, until somebody reads from the source. */
  ahead(): ReadAhead {
    const { room } = this.service.slow;
    const ahead = this.#source instanceof ReadAhead
      ? this.#source
      : new ReadAhead(this.conn, room, () => this.#source = this.conn);
    this.#source = ahead;
    ahead.goOn();
    return ahead;
  }

  /** Notes the number of read bytes. */
  #received(count: number, now: Millis): void {
    const { slow, stats } = this.service;
    this.#isResting = false;
    stats.bytesIn += count;
    if (slow.ledger.isOver) slow.relieve(now);
    const { input, slice } = this.#intake;
    const isFull = input.received(count);
    // A read that left room has emptied the socket, so the next one serves other clients first.
    if (!isFull && !this.#isTls && this.#source === this.conn) slice.begin(now);
  }

  /** Lets a request serve the client itself; false if that was the last one. */
  async #handOver(): Promise<boolean> {
    if (this.#pushed.length > 0) await this.#sendPushed();
    this.#handedOver = new HandedOver(this, this.#intake, () => this.#source);
    await this.#intake.handOver(this.#handedOver);
    this.#handedOver = null;
    return !this.#isClosed && !this.#intake.isOver;
  }

  /** Sends bytes that answer no request: at once if the client waits for no reply, else after it. */
  #push(bytes: Uint8Array): Promise<void> {
    this.#pushed.push(bytes);
    return this.#isResting ? this.#sendPushed() : Promise.resolve();
  }

  /** Sends all pushed bytes. The client is as idle afterwards as before. */
  async #sendPushed(): Promise<void> {
    const { output } = this.#writer;
    for (const bytes of this.#pushed.splice(0)) output.bytes(bytes);
    try {
      await this.#writer.flush();
      if (this.#isResting) this.#rest(performance.now());
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  /** Notes that all complete requests are answered. */
  #rest(now: Millis): void {
    const { input } = this.#intake;
    if (input.length === 0) {
      this.activity.enter("idle", now);
      input.relax();
    } else if (this.activity.phase !== "partial") {
      this.activity.enter("partial", now);
    }
    this.#isResting = true;
    if (this.#pushed.length > 0) this.#sendPushed();
  }

  /** Ends our side of the connection, and waits until the client ends its own. */
  async #leave(): Promise<void> {
    this.#dropAhead();
    await this.#hangUp();
    await linger(this.#source, this.#intake.input.bytes);
  }

  /** Ends our side of the connection, so that the client can end its own side. */
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
