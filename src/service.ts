/**
 * What connections share, and what one can be at. Types only.
 *
 * @module
 */
import type { Backlog } from "./backlog.ts";
import type { Peer } from "./peer.ts";
import type { Lookup, Protocol } from "./protocol.ts";
import type { ProtocolName } from "./sniff.ts";
import type { Stalls } from "./stalls.ts";
import type { Stats } from "./stats.ts";

/** What all connections share. */
export interface Service {
  readonly lookup: Lookup;
  readonly stats: Stats;
  /** The replies that all clients have not taken yet. */
  readonly backlog: Backlog;
  /** The clients that take no replies, and are read on from. */
  readonly stalls: Stalls;
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
