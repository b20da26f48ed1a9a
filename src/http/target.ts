/**
 * Request targets: the key of a path, and why other targets have none.
 * Source: RFC 9112 section 3.2, RFC 3986 section 2.1.
 *
 * @module
 */
import { ownText } from "../core/memory.ts";
import type { Key } from "../core/types.ts";

/** Scheme and authority of a target in absolute form. */
const ABSOLUTE = /^https?:\/\/([^/?]*)/i;

/** A target that names a key. */
export interface Target {
  /** Host and port of a target in absolute form, which override the Host field; else null. */
  readonly authority: string | null;
  /** The path and the query. */
  readonly path: string;
}

/**
 * Reads a target in origin or absolute form.
 *
 * @returns The target, or a sentence that says why it names no key.
 */
export function readTarget(target: string): Target | string {
  const absolute = ABSOLUTE.exec(target);
  if (absolute === null) {
    return target.startsWith("/") ? { authority: null, path: target } : NO_PATH;
  }
  const authority = absolute[1]!;
  if (authority.includes("@")) return HAS_USER;
  const path = target.slice(absolute[0].length);
  // The slash may be missing (RFC 9110 section 4.2.3).
  return { authority, path: path.startsWith("/") ? path : `/${path}` };
}

const NO_PATH = "The target is not a path: wanted /key";
const HAS_USER = "The target contains a user: wanted it in the Authorization field";

/** Why `keyOf` returns null for a path. */
export const BAD_ESCAPE =
  "The path contains a % without two hexadecimal digits: wanted % itself written as %25";

/**
 * Returns the key of a path: everything after its first slash up to the query, percent-decoded to
 * bytes. Null if an escape is malformed.
 */
export function keyOf(path: string): Key | null {
  const query = path.indexOf("?");
  const key = decodePercent(query < 0 ? path.slice(1) : path.slice(1, query));
  return key === null ? null : ownText(key);
}

/** Replaces each escape by the code unit of its byte; null if an escape is malformed. */
function decodePercent(text: string): string | null {
  if (!text.includes("%")) return text;
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return null;
  return text.replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}
