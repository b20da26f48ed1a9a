/**
 * Opens the byte stream to Redis: TCP, TLS or a Unix socket.
 *
 * TLS goes through Deno's own API, never through `node:tls`. On Deno 2.9, `node:tls` accepts a
 * certificate of X.509 version 1 by the name of its issuer alone, without a look at its signature:
 * anybody can make one. On Deno 2.4, it drops the client certificate.
 *
 * @module
 */
import type { OriginAddress, OriginTls } from "./address.ts";
import { explainTls } from "./tls_errors.ts";

/** Any of Deno's connections; Redis is told the same over each of them. */
export type OriginConn = Deno.TcpConn | Deno.TlsConn | Deno.UnixConn;

/**
 * Where `Deno.connectTls` looks for a server name other than the host. Undocumented, but in every
 * Deno from 2.4.2 to 2.9.6. If it went, the certificate would be checked against the host instead.
 */
const SERVER_NAME = Symbol.for("unstableServerName");

/**
 * Opens a connection; over TLS, the certificate of Redis has been checked when it is returned. The
 * caller bounds the time and closes a connection that comes too late.
 */
export async function dial(address: OriginAddress): Promise<OriginConn> {
  const { socket, host: hostname, port, tls } = address;
  if (socket !== null) return await Deno.connect({ transport: "unix", path: socket });
  if (tls?.identity) return await shaken(await connectTls(hostname, port, tls), address);
  const conn = await Deno.connect({ hostname, port });
  conn.setNoDelay(true);
  conn.setKeepAlive(true);
  return tls === null ? conn : await shaken(await startTls(conn, hostname, tls), address);
}

/** Only this way can show a client certificate; it leaves Nagle's algorithm on. */
function connectTls(hostname: string, port: number, tls: OriginTls): Promise<Deno.TlsConn> {
  const { identity, serverName } = tls;
  const name = { [SERVER_NAME]: serverName ?? hostname };
  return Deno.connectTls({ hostname, port, caCerts: authoritiesOf(tls), ...identity!, ...name });
}

async function startTls(conn: Deno.TcpConn, host: string, tls: OriginTls): Promise<Deno.TlsConn> {
  const hostname = tls.serverName ?? host;
  try {
    return await Deno.startTls(conn, { hostname, caCerts: authoritiesOf(tls) });
  } catch (error) {
    try {
      conn.close();
    } catch {
      // Deno has taken it over, and closed it.
    }
    throw error;
  }
}

function authoritiesOf({ authorities }: OriginTls): string[] {
  return authorities === null ? [] : [authorities];
}

async function shaken(conn: Deno.TlsConn, address: OriginAddress): Promise<Deno.TlsConn> {
  try {
    await conn.handshake();
    return conn;
  } catch (error) {
    conn.close();
    throw explainTls(error, address);
  }
}
