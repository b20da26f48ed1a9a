/**
 * The two ends of a client's connection, as logs and CLIENT LIST show them.
 *
 * @module
 */

/** Addresses as `host:port`. */
export interface Peer {
  /** The client's end. */
  readonly remote: string;
  /** Our end. */
  readonly local: string;
}

/** The ends of a connection. Their text is made when it is asked for, which for most it never is. */
export function peerOf(conn: Deno.Conn): Peer {
  return new Ends(conn);
}

class Ends implements Peer {
  readonly #conn: Deno.Conn;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  get remote(): string {
    return display(this.#conn.remoteAddr);
  }

  get local(): string {
    return display(this.#conn.localAddr);
  }
}

function display(address: Deno.Addr): string {
  if (!("hostname" in address)) return "unknown";
  const { hostname, port } = address;
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
