/**
 * Takes the requests of a connection off its input, and starts to answer them.
 *
 * @module
 */
import { Arrival } from "./arrival.ts";
import { Input } from "./input.ts";
import { type Peer, peerOf, type Push } from "./peer.ts";
import { PendingReplies } from "./pending.ts";
import { Later } from "../core/later.ts";
import { SAMPLED_REQUESTS } from "../core/stats.ts";
import type { Lookup, Millis } from "../core/types.ts";
import { type ClientEnd, type ClientRequest, type Protocol, TAKE_OVER } from "./protocol.ts";
import type { Service } from "./service.ts";
import { TimeSlice } from "./time_slice.ts";
import type { Writer } from "./writer.ts";

/**
 * The most requests of one client that wait for Redis; a batch of commands is one. Beyond that, no
 * more are parsed.
 */
const PENDING_REQUESTS = 128;

/** The clock is read after this many bytes of requests. */
const TIMED_BYTES = 4 * 1024;

export class Intake {
  readonly input = new Input();
  /** The requests without a reply. */
  readonly pending = new PendingReplies();
  readonly slice = new TimeSlice();
  /** The start of the connection, until the first request shows its protocol. */
  readonly #arrival: Arrival;
  #protocol: Protocol | undefined;
  /** A request that is off the input, and waits for earlier ones. */
  #carried: ClientRequest | undefined;
  /** A request that takes over the connection, once all earlier requests are answered. */
  #heir: ClientRequest | undefined;
  #isDraining = false;
  #isOver = false;

  /**
   * @param writer Takes the replies.
   * @param push Takes bytes that answer no request.
   */
  constructor(conn: Deno.Conn, readonly service: Service, readonly writer: Writer, push: Push) {
    this.#arrival = new Arrival(service.entrance, peerOf(conn, push));
  }

  /** The two ends of the connection. */
  get peer(): Peer {
    return this.#arrival.peer;
  }

  /** Whether the last request was taken. Nothing is read after it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Makes the client leave after its next request, if its protocol can say so. */
  drain(): void {
    this.#isDraining = true;
    this.#protocol?.drain?.();
  }

  /** Takes no more requests: the last one was answered. */
  finish(): void {
    this.#isOver = true;
  }

  /** Appends the last reply to a client that takes too long to send a request. */
  expire(): void {
    const { input, writer } = this;
    const protocol = this.#protocol ?? this.#arrival.guess(input);
    protocol?.expire?.(writer.output, input);
    this.#isOver = true;
  }

  /** Whether the protocol of the client is known. */
  isReady(): boolean {
    if (this.#protocol !== undefined) return true;
    const protocol = this.#arrival.converse(this.input);
    if (protocol === null) this.#isOver = true;
    this.#protocol = protocol ?? undefined;
    if (this.#isDraining) this.#protocol?.drain?.();
    return this.#protocol !== undefined;
  }

  /** Takes the next request off the input, for a request that has taken over the connection. */
  next(): ClientRequest | undefined {
    const request = this.#protocol!.next(this.input);
    if (request !== undefined) this.service.stats.requests++;
    return request;
  }

  /** Reads keys for the requests of this client. */
  get lookup(): Lookup {
    return this.#protocol?.lookup ?? this.service.lookup;
  }

  /** Whether `next` returned none only to let other clients in. */
  get isPaused(): boolean {
    return this.#protocol?.isPaused === true;
  }

  /** Whether a request takes over the connection. */
  get hasHeir(): boolean {
    return this.#heir !== undefined;
  }

  /** Lets the request serve the client itself. Resolves when the connection continues. */
  async handOver(client: ClientEnd): Promise<void> {
    const heir = this.#heir!;
    this.#heir = undefined;
    this.writer.activity.enter("answering", performance.now());
    this.#carried = await heir.takeOver!(client);
    if (this.#carried !== undefined) this.service.stats.requests--; // It is counted in its turn.
  }

  /** Notes that the client is gone. */
  end(): void {
    this.pending.clear();
    this.#protocol?.end?.();
  }

  /**
   * Takes requests off the input until it is empty (true), or until the client must wait (false).
   */
  take(now: Millis): boolean {
    const { lookup, stats } = this.service;
    const { input, pending, slice, writer: { output, activity } } = this;
    const protocol = this.#protocol!;
    let timedAt = input.start + TIMED_BYTES;
    for (;;) {
      const request = this.#carried ?? protocol.next(input);
      if (request === undefined) return protocol.isPaused !== true;
      this.#carried = pending.keepsWaiting(request) ? request : undefined;
      if (this.#carried !== undefined) return false;
      stats.requests++;
      const { hits } = stats;
      activity.answer(); // The rest of the input is the beginning of another request.
      const found = request.read(protocol.lookup ?? lookup, now);
      if (found === TAKE_OVER) {
        this.#heir = request;
        return false;
      }
      const isLate = pending.length > 0 || found instanceof Promise || found instanceof Later;
      if (isLate || request.reply(output, found) === false) pending.push(request, found);
      else if (stats.requests % SAMPLED_REQUESTS === 0 && stats.hits > hits) {
        stats.latencies.hit.observe(performance.now() - now);
      }
      if (request.last) return this.#isOver = true;
      if (output.full || pending.length >= PENDING_REQUESTS) return false;
      if (input.start >= timedAt) {
        if (slice.isOver(performance.now())) return false;
        timedAt = input.start + TIMED_BYTES;
      }
    }
  }
}
