/**
 * Pages of other origins: what they may ask and see, in a browser. Source: Fetch Standard, section
 * "CORS protocol".
 *
 * @module
 */

/** Fields that a page may see beside those that it always may. */
const EXPOSED = "Accept-Ranges, Age, Cache-Status, Content-Range, Date, ETag, Retry-After";

/** Fields that a page may send beside those that it always may. */
const ALLOWED = "Authorization, Cache-Control, If-Match, If-None-Match, If-Range, Range";

/** Lines of a reply to a preflight; a browser asks again after two hours at the latest. */
export const PREFLIGHT_LINES = "Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n" +
  `Access-Control-Allow-Headers: ${ALLOWED}\r\n` +
  "Access-Control-Max-Age: 7200\r\n";

/** Returns the lines for a reply to a page of `origin`; none where it may not see it. */
export function corsLines(origin: string | undefined, allowed: readonly string[] | null): string {
  if (allowed === null) return "";
  const isAny = allowed.includes("*");
  // What one origin may see must not be answered from a cache to another (RFC 9110 section 12.5.5).
  const vary = isAny ? "" : "Vary: Origin\r\n";
  if (origin === undefined) return vary;
  if (!isAny && !allowed.includes(origin.toLowerCase())) return vary;
  return `${vary}Access-Control-Allow-Origin: ${isAny ? "*" : origin}\r\n` +
    `Access-Control-Expose-Headers: ${EXPOSED}\r\n`;
}
