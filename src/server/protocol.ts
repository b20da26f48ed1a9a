/**
 * The seam between a connection and the protocol it speaks. Types, and one mark.
 *
 * @module
 */
import type { Input } from "./input.ts";
import type { Output } from "./output.ts";
import type { Lookup, Millis } from "../core/types.ts";

/**
 * The state of a connection. Each state has its own time limit:
 * - `idle`: no part of a request has come
 * - `partial`: the beginning of a request has come
 * - `answering`: a read of the origin is in flight, which has its own timeouts
 * - `writing`: the client has not taken all of its replies yet
 * - `lingering`: the last reply is written, and the client has not ended its side yet
 */
export type Phase = "idle" | "partial" | "answering" | "writing" | "lingering";

/**
 * One request of a client. For each request in its turn, the connection first calls `read` and then
 * passes the result of `read`, or of its promise, to `reply`. There are two exceptions: the
 * connection passes a `ReplyStream` to the client part by part, and ends at `HANG_UP`.
 */
export interface ClientRequest {
  /** Whether the connection ends after this reply. */
  readonly last: boolean;
  /**
   * The way to Redis. Requests on different ways could overtake each other, so a request waits
   * until those on another way are answered. Absent for a read of the cache, and if it needs no
   * Redis.
   */
  readonly way?: string;
  /** Starts the lookups that the reply needs. Returns `undefined` if it needs none. */
  read(lookup: Lookup, now: Millis): unknown;
  /**
   * Appends the reply.
   *
   * @returns False if there is more to append. The connection calls it again after other clients.
   */
  reply(output: Output, found: unknown): boolean | void;
  /** Called when a reply of this many bytes has passed part by part, without `reply`. */
  relayed?(bytes: number): void;
  /**
   * Serves the client itself from now on, if `read` returned `TAKE_OVER`. Resolves when the
   * connection should continue: to the next request, if one was already taken off the input. Never
   * rejects.
   */
  takeOver?(client: ClientEnd): Promise<ClientRequest | undefined>;
}

/** `read` returns it to take over the connection, once all earlier requests are answered. */
export const TAKE_OVER: Promise<never> = new Promise(() => {});

/** A client's connection, for a request that has taken it over. */
export interface ClientEnd {
  /** Takes the next complete request off the input; `undefined` if it needs more bytes. */
  next(): ClientRequest | undefined;
  /** Receives more bytes; false if the client has ended its side or is gone. */
  receive(): Promise<boolean>;
  /**
   * Waits, and reads ahead from the client meanwhile. Resolves to false if the client ends its side
   * first or is gone.
   */
  during(wait: Promise<unknown>): Promise<boolean>;
  /** Writes bytes to the client. Never rejects, even if the client is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** Reads keys for requests that the cache answers. */
  readonly lookup: Lookup;
  /** Ends the connection once the client has received everything, as after a last reply. */
  finish(): void;
  /** Ends the connection at once: bytes that the client has not received yet may be lost. */
  close(): void;
  /** Called when the connection should end as soon as no request is in flight. */
  onFinish: () => void;
}

/**
 * A protocol on one connection: bytes in, requests out. It does no I/O, never waits, never throws.
 */
export interface Protocol {
  /** Takes the next complete request off the input; `undefined` if there is none yet. */
  next(input: Input): ClientRequest | undefined;
  /** Reads keys for the last request. Absent if all connections of the protocol read the same. */
  readonly lookup?: Lookup | undefined;
  /** Whether `next` returned none only to let other clients in: it needs no more bytes. */
  readonly isPaused?: boolean;
  /** Makes each further reply say that it is the last, if the protocol can say so. */
  drain?(): void;
  /**
   * Appends the last reply to a client that took too long to send a request.
   *
   * @param input The part of the request that has come.
   */
  expire?(output: Output, input: Input): void;
  /**
   * Appends the last reply to a client beyond the limit of clients.
   *
   * @param input The part of its first request that has come.
   */
  turnAway?(output: Output, input: Input): void;
  /** Frees everything that is held for the client, because it is gone. */
  end?(): void;
}
