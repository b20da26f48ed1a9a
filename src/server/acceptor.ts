/**
 * The interface that accepts clients.
 *
 * @module
 */

/** A listener of any kind. */
export interface Acceptor {
  /** The address it listens on. */
  readonly addr: Deno.Addr;
  /** The next client. Rejects if it cannot be accepted, and once the listener is closed. */
  accept(): Promise<Deno.Conn>;
  close(): void;
}
