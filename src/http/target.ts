/**
 * Request targets: the key of a path, and why other targets have none.
 * Source: RFC 9112 section 3.2, RFC 3986 section 2.1.
 *
 * @module
 */
import { ownText } from "../core/memory.ts";
import type { Key } from "../core/types.ts";
import { hostOf } from "./host.ts";
import type { RequestLine } from "./request_line.ts";

/** Scheme and authority of a target in absolute form. */
const ABSOLUTE = /^https?:\/\/([^/?]*)/i;

/** A valid target. */
export interface Target {
  /** Null for the targets of OPTIONS and CONNECT that have none. */
  readonly key: Key | null;
  /** The host of a target in absolute form, which overrides the Host field; else null. */
  readonly host: string | null;
  /** Whether the target is `/`, without a query. */
  readonly isRoot: boolean;
}

const NO_KEY: Target = { key: null, host: null, isRoot: false };

/**
 * Reads the target of a request.
 *
 * @returns The target, or a sentence that says what is wrong with it.
 */
export function readTarget({ method, key, target }: RequestLine): Target | string {
  if (key !== null) return { key, host: null, isRoot: key === "" };
  if (method === "CONNECT" || (method === "OPTIONS" && target === "*")) return NO_KEY;
  const parts = splitTarget(target);
  if (typeof parts === "string") return parts;
  const { authority, path } = parts;
  const host = authority === null ? null : hostOf(authority);
  // An http URI must have a host (RFC 9110 section 4.2.1).
  if (authority !== null && !host) return "The target does not name a host";
  const found = keyOf(path);
  if (found !== null) return { key: found, host, isRoot: path === "/" };
  return "The path contains a % without two hexadecimal digits: wanted % itself written as %25";
}

/**
 * Splits a target in origin or absolute form.
 *
 * @returns The host and port of the absolute form, else null, and the path with its query; or a
 * sentence that says why the target has no path.
 */
export function splitTarget(target: string): { authority: string | null; path: string } | string {
  if (target.startsWith("/")) return { authority: null, path: target };
  const absolute = ABSOLUTE.exec(target);
  if (absolute === null) return "The target is not a path: wanted /key";
  const authority = absolute[1]!;
  if (authority.includes("@")) {
    return "The target contains a user: wanted it in the Authorization field";
  }
  const path = target.slice(absolute[0].length);
  // The slash may be missing (RFC 9110 section 4.2.3).
  return { authority, path: path.startsWith("/") ? path : `/${path}` };
}

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
