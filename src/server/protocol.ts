/**
 * The seam between a connection and the protocol it speaks. Types only.
 *
 * @module
 */
import type { Input } from "./input.ts";
import type { Output } from "./output.ts";
import type { Lookup, Millis } from "../core/types.ts";

/**
 * What a connection is at, each with its own limit in time:
 * - `idle`: no part of a request has come
 * - `partial`: the beginning of a request has come
 * - `answering`: a read at the origin is under way, which has its own time-outs
 * - `writing`: the client has not taken all of its replies yet
 * - `lingering`: the last reply is written, and the client has not ended its side yet
 */
export type Phase = "idle" | "partial" | "answering" | "writing" | "lingering";

/**
 * One request of a client. The connection first reads, then replies, each request in its turn;
 * what `read` returns (or its promise resolves to) is handed to `reply` as it is.
 */
export interface ClientRequest {
  /** Whether the connection ends after this reply. */
  readonly last: boolean;
  /** Starts the lookups that the reply needs; `undefined` when it needs none. */
  read(lookup: Lookup, now: Millis): unknown;
  /**
   * Appends the reply.
   *
   * @returns False if there is more to append: it is called again once others had a turn.
   */
  reply(output: Output, found: unknown): boolean | void;
}

/** One client's conversation: bytes in, requests out. No I/O, no waiting, no throwing. */
export interface Protocol {
  /** Takes the next complete request off the input; `undefined` when there is none yet. */
  next(input: Input): ClientRequest | undefined;
  /** Whether `next` found none only to give others a turn: it needs no more bytes to go on. */
  readonly isPaused?: boolean;
  /** Says in each reply from now on that it is the last, if the protocol has a way to say so. */
  drain?(): void;
  /**
   * Appends the last reply to a client that took too long to send a request.
   *
   * @param input What has come of the request.
   */
  expire?(output: Output, input: Input): void;
  /**
   * Appends the last reply to a client for whom there is no room.
   *
   * @param input What has come of its first request.
   */
  turnAway?(output: Output, input: Input): void;
}
