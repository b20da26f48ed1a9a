/**
 * Preconditions: whether a client already has the value. Source: RFC 9110 section 13. Values have
 * no modification date, so conditions on dates are ignored, as sections 13.1.3 and 13.1.4 require.
 *
 * @module
 */
import type { ByteWindow } from "../core/byte_window.ts";
import type { Conditions } from "./fields.ts";
import { type ByteRange, rangeOf, windowOf } from "./range.ts";
import { matchesStrongly, matchesWeakly } from "./tag_lists.ts";

/** The answer to a request for an existing value: the part to send, or another status. */
export type Verdict =
  | "whole"
  | "not-modified"
  | "precondition-failed"
  | "unsatisfiable"
  | ByteRange;

/** Evaluates the conditions of a request in order (section 13.2.2). `tag` includes its quotes. */
export function judge(
  { match, noneMatch, range, ifRange }: Conditions,
  tag: string,
  length: number,
  isHead: boolean,
): Verdict {
  if (match !== null && !matchesStrongly(match, tag)) return "precondition-failed";
  if (noneMatch !== null && matchesWeakly(noneMatch, tag)) return "not-modified";
  // Range applies only to GET (section 14.2). If-Range is compared strongly, and never as a date.
  if (range === null || isHead || (ifRange !== null && ifRange !== tag)) return "whole";
  return rangeOf(range, length) ?? "whole";
}

/**
 * Returns the only bytes that a request needs, or null if it needs all. A condition on the tag
 * needs all, because the tag is computed from them.
 */
export function windowAlone(
  { match, noneMatch, range, ifRange }: Conditions,
): ByteWindow | null {
  const isAlone = match === null && noneMatch === null && ifRange === null;
  return isAlone && range !== null ? windowOf(range) : null;
}
