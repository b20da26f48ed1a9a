/**
 * What accepts clients.
 *
 * @module
 */

/** A listener of any kind. */
export interface Acceptor {
  /** Where it listens. */
  readonly addr: Deno.Addr;
  /** The next client. Rejects when it cannot be accepted, and once the listener is closed. */
  accept(): Promise<Deno.Conn>;
  close(): void;
}
