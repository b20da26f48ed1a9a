/**
 * The seam between a connection and the protocol it speaks. Types, and one mark.
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
 * what `read` returns (or its promise resolves to) is handed to `reply` as it is. Two results are not:
 * a `ReplyStream` is relayed part by part, and `HANG_UP` ends the connection.
 */
export interface ClientRequest {
  /** Whether the connection ends after this reply. */
  readonly last: boolean;
  /**
   * The way to Redis that it takes. Requests on different ways can overtake each other, so it waits
   * until those on another way are answered. Absent for a read of the cache, and if it takes none.
   */
  readonly way?: string;
  /** Starts the lookups that the reply needs; `undefined` when it needs none. */
  read(lookup: Lookup, now: Millis): unknown;
  /**
   * Appends the reply.
   *
   * @returns False if there is more to append: it is called again once others had a turn.
   */
  reply(output: Output, found: unknown): boolean | void;
  /**
   * Serves the client by itself from now on, if `read` returned `TAKE_OVER`. Resolves to the request
   * that the connection goes on with, if one was taken off the input. Never rejects.
   */
  takeOver?(client: ClientEnd): Promise<ClientRequest | undefined>;
}

/** What `read` returns to have the connection handed over, once all before is answered. */
export const TAKE_OVER: Promise<never> = new Promise(() => {});

/** A client's connection, for a request that has taken it over. */
export interface ClientEnd {
  /** Takes the next complete request off the input; `undefined` when more bytes are needed. */
  next(): ClientRequest | undefined;
  /** Receives more bytes; false when the client has ended its side, or is gone. */
  receive(): Promise<boolean>;
  /** Writes bytes to the client. Never rejects: a client that is gone takes no more. */
  write(bytes: Uint8Array): Promise<void>;
  /** Reads keys for requests that are answered here. */
  readonly lookup: Lookup;
  /** Ends the connection at once. */
  close(): void;
  /** Called when the connection shall end as soon as nothing is under way. */
  onFinish: () => void;
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
  /** The client is gone: lets go of what is held for it. */
  end?(): void;
}
