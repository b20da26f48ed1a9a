/**
 * Lists of hosts with ports, as in URLs of several servers.
 *
 * @module
 */

/** A server: host name or IP address (IPv6 without brackets), and TCP port. */
export interface HostPort {
  /** The host. */
  readonly host: string;
  /** The port. */
  readonly port: number;
}

const HOST_PORT = /^(?:\[([\da-f:.]+)\]|([^\s/@?#[\]:,]+))(?::(\d{1,5}))?$/i;

/** Reads hosts with commas between them; undefined if one is malformed. */
export function hostPorts(text: string, defaultPort: number): HostPort[] | undefined {
  const all: HostPort[] = [];
  for (const one of text.split(",")) {
    const parts = HOST_PORT.exec(one.trim());
    if (parts === null) return undefined;
    const [, bracketed, plain, port] = parts;
    const found = { host: bracketed ?? plain!, port: Number(port ?? defaultPort) };
    if (found.port < 1 || found.port > 65535) return undefined;
    all.push(found);
  }
  return all;
}
