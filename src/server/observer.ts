/**
 * The interface between the protocols and an observer of their requests. Types only.
 *
 * @module
 */
import type { Key } from "../core/types.ts";
import type { Peer } from "./peer.ts";
import type { ClientRequest } from "./protocol.ts";

/** A request as its protocol knows it. */
export interface Seen {
  readonly protocol: "resp" | "http";
  /** The client. */
  readonly peer: Peer;
  /** The command or the method, as the client wrote it. */
  readonly command: string;
  /** The first key; null if there is none. */
  readonly key: Key | null;
  /** Returns the HTTP status of the reply that was just made. */
  readonly status?: () => number;
}

/** Watches requests. */
export interface RequestObserver {
  /** Called for each request before anything is done with it. */
  saw(request: ClientRequest, seen: Seen): void;
}
