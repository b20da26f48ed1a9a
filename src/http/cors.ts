/**
 * The fields that let pages of other origins read replies in browsers. Source: Fetch Standard,
 * section "CORS protocol".
 *
 * @module
 */

/** Fields that a page may read, in addition to those that are always allowed. */
const EXPOSED = "Accept-Ranges, Age, Cache-Status, Content-Range, Date, ETag, Retry-After";

/** Fields that a page may send, in addition to those that are always allowed. */
const ALLOWED = "Authorization, Cache-Control, If-Match, If-None-Match, If-Range, Range";

/** Lines of a reply to a preflight; browsers ask again after at most two hours. */
export const PREFLIGHT_LINES = "Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n" +
  `Access-Control-Allow-Headers: ${ALLOWED}\r\n` +
  "Access-Control-Max-Age: 7200\r\n";

/** Returns the lines for a reply to a page of `origin`; none if it may not read the reply. */
export function corsLines(origin: string | undefined, allowed: readonly string[] | null): string {
  if (allowed === null) return "";
  const isAny = allowed.includes("*");
  // A cache must not serve one origin's reply to another origin (RFC 9110 section 12.5.5).
  const vary = isAny ? "" : "Vary: Origin\r\n";
  if (origin === undefined) return vary;
  if (!isAny && !allowed.includes(origin.toLowerCase())) return vary;
  return `${vary}Access-Control-Allow-Origin: ${isAny ? "*" : origin}\r\n` +
    `Access-Control-Expose-Headers: ${EXPOSED}\r\n`;
}
