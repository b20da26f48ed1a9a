/**
 * The two ends of a client's connection, as logs and CLIENT LIST show them.
 *
 * @module
 */

/** Addresses as `host:port`, or `/path:0` for a Unix socket. */
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

  /** A client of a Unix socket has no address: as in Redis, it has that of the socket. */
  get remote(): string {
    const { remoteAddr, localAddr } = this.#conn;
    return display("hostname" in remoteAddr ? remoteAddr : localAddr);
  }

  get local(): string {
    return display(this.#conn.localAddr);
  }
}

function display(address: Deno.Addr): string {
  if ("path" in address) return `${address.path}:0`;
  if (!("hostname" in address)) return "unknown";
  const { hostname, port } = address;
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
