/**
 * The addresses of the proxy's open connections to Redis, so that the output of MONITOR can be told
 * from that of others.
 *
 * @module
 */

/** What a connection is for: reads for the cache, or commands of clients. */
export type Purpose = "reads" | "commands";

const purposes = new Map<string, Purpose>();

/** Notes an open connection. */
export function noteSocket(socket: object, purpose: Purpose): void {
  const address = addressOf(socket);
  if (address !== null) purposes.set(address, purpose);
}

/** Forgets a closed connection. */
export function forgetSocket(socket: object): void {
  const address = addressOf(socket);
  if (address !== null) purposes.delete(address);
}

/**
 * Returns what the connection of a client of Redis is for; null if it is not the proxy's. Behind
 * address translation, Redis sees other addresses, and nothing is found.
 *
 * @param address As Redis shows it: `127.0.0.1:6379` or `[::1]:6379`.
 */
export function purposeOf(address: string): Purpose | null {
  return purposes.get(address) ?? null;
}

/** Returns an address as Redis shows it; null for a Unix socket, where all clients have the same. */
function addressOf(socket: { localAddr?: Deno.Addr }): string | null {
  const { localAddr } = socket;
  if (localAddr?.transport !== "tcp") return null;
  const { hostname, port } = localAddr;
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
