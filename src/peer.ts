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

export function peerOf(conn: Deno.Conn): Peer {
  return { remote: display(conn.remoteAddr), local: display(conn.localAddr) };
}

function display(address: Deno.Addr): string {
  if (!("hostname" in address)) return "unknown";
  const { hostname, port } = address;
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
