/**
 * The host that a client wants to reach. Source: RFC 9112 section 3.2, RFC 9110 section 7.2.
 *
 * @module
 */

/** A name, an IPv4 address or an IPv6 address in brackets, and an optional port. */
const AUTHORITY = /^([A-Za-z0-9._~!$&'()*+;=%-]*|\[[0-9A-Fa-f:.]+\])(?::\d*)?$/;

/** Returns the host without its port, in lower case; null if it is malformed. */
export function hostOf(authority: string): string | null {
  const parts = AUTHORITY.exec(authority);
  return parts === null ? null : parts[1]!.toLowerCase();
}

/** Whether a host is allowed. A name that a web page rebinds to our address is not. */
export function isAllowedHost(host: string, allowed: readonly string[] | null): boolean {
  return allowed === null || allowed.includes(host);
}
