/**
 * The key that a request target names: everything after the first slash, percent-decoded to bytes,
 * up to the query. Source: RFC 9112 section 3.2, RFC 3986 section 2.1.
 *
 * @module
 */
import type { Key } from "../protocol.ts";

/** Returns the key, or null when the target is no path or has an escape that is none. */
export function keyOf(target: string): Key | null {
  const path = target.replace(/^https?:\/\/[^/?]*/i, "");
  if (!path.startsWith("/") || target.includes("#")) return null;
  const query = path.indexOf("?");
  const encoded = query < 0 ? path.slice(1) : path.slice(1, query);
  if (!encoded.includes("%")) return encoded;
  if (/%(?![0-9A-Fa-f]{2})/.test(encoded)) return null;
  return encoded.replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}
