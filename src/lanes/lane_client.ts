/**
 * A client as its lanes see it. Types only.
 *
 * @module
 */

/** The attributes of a client. Its private connection gets the same attributes. */
export interface LaneClient {
  readonly version: 2 | 3;
  readonly name: string;
  readonly libraryName: string;
  readonly libraryVersion: string;
  /** Whether a reply waits until all earlier changes in Redis are known (PROXY FRESHNESS causal). */
  readonly isCausal: boolean;
  /** The client's own credentials; null for those of the proxy. */
  readonly login: Login | null;
  /**
   * Sends it bytes that answer no request, between two replies. The promise, if any, resolves once it
   * has taken them.
   */
  push(bytes: Uint8Array): void | Promise<void>;
  /** A command of a transaction leaves out the next reply, or all from now on, or none. */
  leaveOut(replies: "next" | "all" | "none"): void;
  /** Ends its connection. */
  kill(): void;
}

/** A user of Redis and the password, each as code units 0 to 255. */
export interface Login {
  readonly username: string;
  readonly password: string;
}
