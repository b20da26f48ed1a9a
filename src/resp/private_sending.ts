/**
 * Sends the requests of a client over its private lane.
 *
 * @module
 */
import type { ClientLane } from "../lanes/client_lane.ts";
import { switchesReplies } from "../lanes/exec_reply.ts";
import { ownCommand } from "../lanes/own_command.ts";
import { type Passable, WAITS } from "../lanes/passable.ts";
import type { PrivateLane } from "../lanes/private_lane.ts";
import type { ClientEnd } from "../server/protocol.ts";
import type { PrivateAnswers } from "./private_answers.ts";

/** While this many bytes wait for Redis, the proxy reads no more from the client. */
const UPSTREAM_BYTES = 256 * 1024;

/** A message without subscribers. Redis replicates it after all earlier writes. */
const PUBLISHED = ownCommand("PUBLISH", "redis-proxy:wait", "");

/** Gives the bytes of a large request that have come, piece by piece. */
export interface RequestSource {
  /** The next piece; its memory is reused. Empty if more bytes must arrive first. */
  piece(): Uint8Array;
  /** Whether the last piece was the end. */
  readonly isComplete: boolean;
}

/** A request that passes over the lane. */
interface Sent {
  readonly request: Passable;
  readonly isMuted: boolean;
  readonly source: RequestSource | null;
  readonly ends: unknown;
}

export class PrivateSending {
  /** Whether the transaction may decide which replies after it are left out. */
  #maySwitch = false;

  constructor(
    readonly lane: ClientLane,
    readonly client: Pick<ClientEnd, "receive">,
    readonly answers: PrivateAnswers,
  ) {}

  /** Sends a request. The next one must wait for the promise, if there is one. */
  send(lane: PrivateLane, sent: Sent): Promise<void> | undefined {
    const isWhole = sent.source === null;
    const prepared = isWhole ? this.lane.lanes.prepare(sent.request, lane) : undefined;
    return prepared === undefined
      ? this.#send(lane, sent)
      : prepared.then(() => this.#send(lane, sent));
  }

  #send(lane: PrivateLane, { request, isMuted, source, ends }: Sent): Promise<void> | undefined {
    const { connection } = lane;
    if (connection.loss !== null) return;
    // WAIT counts the writes of its own connection, but the client's writes took another one.
    if (WAITS.has(request.name) && !lane.mayBeInTransaction) lane.send(PUBLISHED, true);
    lane.send(request, isMuted);
    this.lane.lanes.options.stats.commandsPassed++;
    if (source !== null) return this.#stream(lane, source);
    if (ends !== null || this.#decidesReplies(request)) return this.answers.all();
    return connection.out.length > UPSTREAM_BYTES ? connection.drained() : undefined;
  }

  /** Whether only the answer tells which later replies are wanted. */
  #decidesReplies(request: Passable): boolean {
    if (switchesReplies(request)) this.#maySwitch = true;
    if (!this.#maySwitch || (request.name !== "exec" && request.name !== "discard")) return false;
    this.#maySwitch = false;
    return true;
  }

  /** Passes a large request as it arrives. */
  async #stream({ connection }: PrivateLane, source: RequestSource): Promise<void> {
    while (connection.loss === null && !source.isComplete) {
      const piece = source.piece();
      if (piece.length > 0) {
        connection.out.bytes(piece);
        connection.flush();
        if (connection.out.length > UPSTREAM_BYTES) await connection.drained();
      } else if (!source.isComplete && !await this.client.receive()) {
        return this.answers.breakOff();
      }
    }
  }
}
