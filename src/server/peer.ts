/**
 * The two ends of a client's connection, as logs and CLIENT LIST show them.
 *
 * @module
 */

/** Addresses as `host:port`, or `/path:0` for a Unix socket. */
export interface Addresses {
  /** The client's end. */
  readonly remote: string;
  /** Our end. */
  readonly local: string;
}

/** The ends of a client's connection. */
export interface Peer extends Addresses {
  /** Whether the client is on this machine: over loopback, or a Unix socket. */
  readonly isLocal: boolean;
  /**
   * Sends bytes that answer no request, between two replies. The promise, if any, resolves once the
   * client has taken them.
   */
  push(bytes: Uint8Array): void | Promise<void>;
  /** Ends the connection at once. */
  close(): void;
}

/** Sends bytes that answer no request. */
export type Push = Peer["push"];

/** The ends of a connection. Most clients never need their text, so it is made on demand. */
export function peerOf(conn: Deno.Conn, push: Push = () => {}): Peer {
  return new Ends(conn, push);
}

class Ends implements Peer {
  readonly #conn: Deno.Conn;

  constructor(conn: Deno.Conn, readonly push: Push) {
    this.#conn = conn;
  }

  /** A client of a Unix socket has no address. As in Redis, it gets the address of the socket. */
  get remote(): string {
    const { remoteAddr, localAddr } = this.#conn;
    return display("hostname" in remoteAddr ? remoteAddr : localAddr);
  }

  get isLocal(): boolean {
    const { remoteAddr } = this.#conn;
    return !("hostname" in remoteAddr) || isLoopback(remoteAddr.hostname);
  }

  close(): void {
    try {
      this.#conn.close();
    } catch {
      // It has already ended.
    }
  }

  get local(): string {
    return display(this.#conn.localAddr);
  }
}

/** Whether an IP address is one of the machine's own: 127.0.0.0/8 or ::1, mapped or not. */
export function isLoopback(address: string): boolean {
  return /^(::ffff:)?127\.|^::1$/i.test(address);
}

function display(address: Deno.Addr): string {
  if ("path" in address) return `${address.path}:0`;
  if (!("hostname" in address)) return "unknown";
  const { hostname, port } = address;
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
