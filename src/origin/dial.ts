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
import { connectToAny } from "./wire/addresses.ts";

/** Any of Deno's connections; Redis is told the same over each of them. */
export type OriginConn = Deno.TcpConn | Deno.TlsConn | Deno.UnixConn;

/**
 * Where `Deno.connectTls` looks for a server name other than the host. Undocumented, but in every
 * Deno from 2.4.2 to 2.9.6. If it went, the certificate would be checked against the host instead.
 */
const SERVER_NAME = Symbol.for("unstableServerName");

/**
 * Opens a connection; over TLS, the certificate of Redis has been checked when it is returned.
 *
 * @param signal Gives the attempt up. A connection that is made after that is closed, but for one
 * whose TLS handshake is under way: the caller closes it.
 */
export async function dial(
  address: OriginAddress,
  signal: AbortSignal = NEVER,
): Promise<OriginConn> {
  const { socket, host, port, tls } = address;
  if (socket !== null) return await Deno.connect({ transport: "unix", path: socket });
  if (tls?.identity) {
    const connect = (hostname: string) => connectTls(hostname, address, tls);
    return await shaken(await connectToAny(host, connect, signal), address);
  }
  const connect = (hostname: string, signal: AbortSignal) =>
    Deno.connect({ hostname, port, signal });
  const conn = await connectToAny(host, connect, signal);
  conn.setNoDelay(true);
  conn.setKeepAlive(true);
  return tls === null ? conn : await shaken(await startTls(conn, host, tls), address);
}

const NEVER = new AbortController().signal;

/** Only this way can show a client certificate; it leaves Nagle's algorithm on. */
function connectTls(
  hostname: string,
  { host, port }: OriginAddress,
  tls: OriginTls,
): Promise<Deno.TlsConn> {
  const { identity, serverName } = tls;
  const name = { [SERVER_NAME]: serverName ?? host };
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
