/**
 * Opens the byte stream to Redis: TCP, TLS or a Unix socket.
 *
 * TLS uses Deno's own API, never `node:tls`. On Deno 2.9, `node:tls` accepts a certificate of X.509
 * version 1 with the right issuer name and does not check its signature: anybody can make one. On Deno
 * 2.4, it drops the client certificate.
 *
 * @module
 */
import type { OriginAddress, OriginTls } from "./address.ts";
import { explainTls } from "./tls_errors.ts";
import { connectToAny } from "./wire/addresses.ts";

/** A connection of Deno, of any kind. */
export type OriginConn = Deno.TcpConn | Deno.TlsConn | Deno.UnixConn;

/**
 * The option of `Deno.connectTls` for a server name other than the host. It is undocumented, but every
 * Deno from 2.4.2 to 2.9.6 has it. Without it, the certificate would be checked against the host.
 */
const SERVER_NAME = Symbol.for("unstableServerName");

/**
 * Opens a connection. With TLS, the certificate of Redis is checked before it returns.
 *
 * @param signal Aborts the attempt. A later connection is closed, except during its TLS handshake:
 * then the caller closes it.
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

/** Only this function can show a client certificate. It leaves Nagle's algorithm on. */
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
      // Deno has taken over the connection and closed it.
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
