/**
 * The address of Redis: where it is, how to reach it, and the user.
 *
 * @module
 */

/** An address of Redis, with everything that a connection needs. */
export interface OriginAddress {
  /** The path of a Unix socket, used instead of host and port; null for TCP. */
  readonly socket: string | null;
  /** Host name or IP address, an IPv6 address without brackets. */
  readonly host: string;
  /** The TCP port. */
  readonly port: number;
  /** TLS over TCP; null for a connection without TLS. */
  readonly tls: OriginTls | null;
  /** The ACL user; null for `default`. */
  readonly username: string | null;
  /** The password; null for none. It may be replaced: each new connection uses what is here then. */
  password: string | null;
  /** The number of the logical database (SELECT). */
  readonly database: number;
  /** Whether to send READONLY: without it, a replica in a cluster redirects all reads. */
  readonly isReadOnly?: boolean;
}

/**
 * How to check the certificate of Redis, and which one to show. A reload may replace the contents of
 * files: each new connection uses the current ones.
 */
export interface OriginTls extends OriginTlsFiles {
  /** The name that the certificate of Redis must have, also the SNI; null for the host. */
  readonly serverName: string | null;
}

/** The contents of files for TLS. */
export interface OriginTlsFiles {
  /** Certificates to trust in addition to those of public authorities, in PEM; null for none. */
  authorities: string | null;
  /** The certificate chain and private key to show to Redis, in PEM; null for none. */
  identity: { readonly cert: string; readonly key: string } | null;
}

/** Returns the address for the log: without user and password. */
export function display({ socket, host, port, database, tls }: OriginAddress): string {
  if (socket !== null) return `unix://${socket}${database === 0 ? "" : `?db=${database}`}`;
  const name = host.includes(":") ? `[${host}]` : host;
  return `${tls === null ? "redis" : "rediss"}://${name}:${port}/${database}`;
}
