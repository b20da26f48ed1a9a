/**
 * Paths of Unix sockets, as URLs name them.
 *
 * @module
 */

/** Longest path of a Unix socket, in bytes (unix(7)). */
export const SOCKET_PATH_BYTES = 107;

/** Decodes an absolute path; undefined for one with a malformed escape, or one that is too long. */
export function socketPathOf(encoded: string): string | undefined {
  try {
    const path = decodeURIComponent(encoded);
    return new TextEncoder().encode(path).length > SOCKET_PATH_BYTES ? undefined : path;
  } catch {
    return undefined;
  }
}
