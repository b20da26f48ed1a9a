/**
 * The entity tags that a client sends in If-Match and If-None-Match.
 * Source: RFC 9110 sections 8.8.3 (form and comparison), 13.1.1 and 13.1.2.
 *
 * A tag may contain commas and bytes above ASCII, so a list cannot be split at commas.
 *
 * @module
 */

/** A tag and the comma after it, or an empty element, one directly after the other. */
const ELEMENTS = /[ \t]*(?:(W\/)?("[!#-~\x80-\xff]*")[ \t]*)?(?:,|$)/gy;

/** Whether If-Match holds for a value with this tag: strong comparison. */
export function matchesStrongly(list: string, tag: string): boolean {
  return matches(list, tag, true);
}

/** Whether If-None-Match names this tag: weak comparison. */
export function matchesWeakly(list: string, tag: string): boolean {
  return matches(list, tag, false);
}

/** Elements after a malformed one do not count. */
function matches(list: string, tag: string, isStrong: boolean): boolean {
  if (list === "*") return true;
  for (const [, weak, found] of list.matchAll(ELEMENTS)) {
    if (found === tag && !(isStrong && weak !== undefined)) return true;
  }
  return false;
}
