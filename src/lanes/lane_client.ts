/**
 * A client as its lanes see it. Types only.
 *
 * @module
 */

/** What a client has said about itself, which its private connection is told as well. */
export interface LaneClient {
  readonly version: 2 | 3;
  readonly name: string;
  readonly libraryName: string;
  readonly libraryVersion: string;
  /** Credentials of its own; null for those of the proxy. */
  readonly login: Login | null;
}

/** A user of Redis and the password, each as code units 0 to 255. */
export interface Login {
  readonly username: string;
  readonly password: string;
}
