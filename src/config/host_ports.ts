/**
 * Lists of hosts with ports, as in URLs of several servers.
 *
 * @module
 */

import type { Kind } from "./kind.ts";

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

/** One server. Its port is null if it is not given. */
export const hostPort: Kind<{ readonly host: string; readonly port: number | null }> = {
  placeholder: "<host[:port]>",
  wanted: "a host name or an IP address, and a port: proxy.example:6379 or [::1]:6379",
  parse(text) {
    const [one, ...others] = hostPorts(text, 1) ?? [];
    if (one === undefined || others.length > 0) return undefined;
    return { host: one.host, port: /:\d{1,5}$/.test(text) ? one.port : null };
  },
};
