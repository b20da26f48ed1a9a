/**
 * Request targets: the key that a path names, and the forms that are no path.
 * Source: RFC 9112 section 3.2, RFC 3986 section 2.1.
 *
 * @module
 */
import { ownText } from "../core/memory.ts";
import type { Key } from "../core/types.ts";

/** Scheme and authority of a target in absolute form; user information is refused with the rest. */
const ABSOLUTE = /^https?:\/\/([^/?@]+)(?=[/?]|$)/i;

/** A target in parts. */
export interface Target {
  /** Host and port of a target in absolute form, which go over the Host field; else null. */
  readonly authority: string | null;
  /** Path and query; or what is in no form that names a key, such as "*". */
  readonly path: string;
}

/** Splits a target. What is in none of the forms is a path that names no key. */
export function splitTarget(target: string): Target {
  const absolute = ABSOLUTE.exec(target);
  if (absolute === null) return { authority: null, path: target };
  const path = target.slice(absolute[0].length);
  // It may leave the slash out (RFC 9110 section 4.2.3).
  return { authority: absolute[1]!, path: path.startsWith("/") ? path : `/${path}` };
}

/**
 * Returns the key that a path names: everything after its first slash up to the query,
 * percent-decoded to bytes. Null when it is no path, or an escape is none.
 */
export function keyOf(path: string): Key | null {
  if (!path.startsWith("/")) return null;
  const query = path.indexOf("?");
  const key = decodePercent(query < 0 ? path.slice(1) : path.slice(1, query));
  return key === null ? null : ownText(key);
}

/** Replaces each escape by the code unit of its byte; null when one is not two hexadecimal digits. */
function decodePercent(text: string): string | null {
  if (!text.includes("%")) return text;
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return null;
  return text.replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}
