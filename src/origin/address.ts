/**
 * Where the backing Redis is, how to reach it, and as whom to speak to it.
 *
 * @module
 */

/** An address of Redis, with everything that a connection to it needs. */
export interface OriginAddress {
  /** Path of a Unix socket, used instead of host and port; null for TCP. */
  readonly socket: string | null;
  /** Host name or IP address, an IPv6 address without brackets. */
  readonly host: string;
  /** The TCP port. */
  readonly port: number;
  /** TLS over TCP; null for a connection in the clear. */
  readonly tls: OriginTls | null;
  /** The ACL user; null for `default`. */
  readonly username: string | null;
  /** The password; null for none. */
  readonly password: string | null;
  /** The number of the logical database (SELECT). */
  readonly database: number;
}

/**
 * How to check the certificate of Redis, and which one to show. What comes from files may be replaced:
 * each new connection uses what is here then.
 */
export interface OriginTls extends OriginTlsFiles {
  /** The name that the certificate of Redis must have, also sent as SNI; null for the host. */
  readonly serverName: string | null;
}

/** What files contribute to TLS. */
export interface OriginTlsFiles {
  /** Certificates to trust beside those of the public authorities, in PEM; null for none. */
  authorities: string | null;
  /** The certificate chain and private key to show to Redis, in PEM; null where it asks for none. */
  identity: { readonly cert: string; readonly key: string } | null;
}

/** The address as a log may show it: without user and password. */
export function display({ socket, host, port, database, tls }: OriginAddress): string {
  if (socket !== null) return `unix://${socket}${database === 0 ? "" : `?db=${database}`}`;
  const name = host.includes(":") ? `[${host}]` : host;
  return `${tls === null ? "redis" : "rediss"}://${name}:${port}/${database}`;
}
