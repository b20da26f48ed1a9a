/**
 * Listens on all addresses of the settings: in the clear, or over TLS for both protocols. The
 * certificate can be replaced while existing connections keep theirs.
 *
 * @module
 */
import {
  ConfigError,
  displayAddress,
  type Identity,
  type ListenAddress,
  readIdentity,
  type Values,
} from "../config/mod.ts";
import type { Acceptor } from "../server/acceptor.ts";
import { JointAcceptor } from "../server/joint_acceptor.ts";
import { clearSocket, occupantOf, UnixAcceptor } from "../server/unix_acceptor.ts";

/** The settings for listening. */
export type ListenSettings = Pick<
  Values,
  | "listen-address"
  | "port"
  | "reuse-port"
  | "socket-mode"
  | "tls-cert"
  | "tls-key"
>;

/**
 * Makes room for the Unix sockets of the settings: removes files of sockets that nobody listens on.
 * With --reuse-port, a new socket takes the place of one that another process listens on.
 *
 * @throws {ConfigError} If another file has the path of a socket.
 */
export async function clearSockets(settings: ListenSettings): Promise<void> {
  for (const address of settings["listen-address"]) {
    if (address.socket === null) continue;
    await freePath(address, clearSocket(address.socket, settings["reuse-port"]));
  }
}

/**
 * Checks that a Unix socket can be made. Changes nothing that was there before.
 *
 * @throws {ConfigError} If it cannot.
 */
export async function trySocket(path: string, settings: ListenSettings): Promise<void> {
  const address = { host: null, socket: path };
  await freePath(address, occupantOf(path, settings["reuse-port"]));
  try {
    const trial = path.replace(/[^/]*$/, `.redis-proxy-check.${Deno.pid}`);
    new UnixAcceptor(trial, settings["socket-mode"]).close();
  } catch (error) {
    throw cannotOpen(address, error as Error);
  }
}

async function freePath(address: ListenAddress, occupant: Promise<string | null>): Promise<void> {
  const found = await occupant.catch((error) => (error as Error).message);
  if (found !== null) throw cannotListen(address, `a free path, found ${found}`);
}

/**
 * Listens on the addresses of the settings.
 *
 * @throws {ConfigError} When it cannot.
 */
export function listen(settings: ListenSettings): Acceptor {
  return openAll(settings, settings.port, identityOf(settings));
}

/**
 * Reads the certificate again.
 *
 * @param port The port of the current listener.
 * @returns A function that listens with the new certificate; call it after the current listener is
 *   closed.
 * @throws {ConfigError} If the certificate cannot be used.
 */
export function renew(settings: ListenSettings, port: number): () => Acceptor {
  const identity = identityOf(settings);
  return () => openAll(settings, port, identity);
}

/** Listens on all addresses. If the port is 0, all of them get the same free port. */
function openAll(settings: ListenSettings, port: number, identity: Identity | null): Acceptor {
  const parts: Acceptor[] = [];
  let shared = port;
  for (const address of settings["listen-address"]) {
    try {
      const part = open(address, shared, identity, settings);
      parts.push(part);
      shared = portOf(part) || shared;
    } catch (error) {
      for (const part of parts) part.close();
      throw cannotOpen(address, error as Error, shared);
    }
  }
  return parts.length === 1 ? parts[0]! : new JointAcceptor(parts);
}

function open(
  { host: hostname, socket }: ListenAddress,
  port: number,
  identity: Identity | null,
  settings: ListenSettings,
): Acceptor {
  if (socket !== null) return new UnixAcceptor(socket, settings["socket-mode"]);
  const options = { hostname, port, reusePort: settings["reuse-port"] };
  return identity === null ? Deno.listen(options) : Deno.listenTls({ ...options, ...identity });
}

/** The TCP port of a listener; 0 for a Unix socket. */
export function portOf({ addr }: Acceptor): number {
  return "port" in addr ? addr.port : 0;
}

function cannotOpen(address: ListenAddress, { message }: Error, port = 0): ConfigError {
  const wanted = address.socket === null
    ? "an address of this machine and a free port"
    : "a path where a socket can be made";
  return cannotListen(address, `${wanted} (${message})`, port);
}

function cannotListen(address: ListenAddress, wanted: string, port = 0): ConfigError {
  const place = displayAddress(address) + (address.socket === null ? ` port ${port}` : "");
  return new ConfigError(`Cannot listen on ${place}: wanted ${wanted}`);
}

/**
 * Returns the certificate for clients with its key; null for none. Takes the paths, because SIGHUP
 * reads the files again.
 *
 * @throws {ConfigError} If they cannot be used.
 */
export function identityOf(settings: ListenSettings): Identity | null {
  const file = (flag: "tls-cert" | "tls-key") => ({ place: `--${flag}`, path: settings[flag] });
  return readIdentity(file("tls-cert"), file("tls-key"), Deno.readTextFileSync);
}
