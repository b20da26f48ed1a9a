/**
 * Preconditions: whether a client has what it asks for already.
 * Source: RFC 9110 section 13. Values have no date of modification, so that the conditions on one
 * are ignored, as sections 13.1.3 and 13.1.4 want it.
 *
 * @module
 */
import type { Conditions } from "./fields.ts";
import { type ByteRange, rangeOf } from "./range.ts";
import { matchesStrongly, matchesWeakly } from "./tag_lists.ts";

/** What becomes of a request for a value that there is: which part of it, or another status. */
export type Verdict =
  | "whole"
  | "not-modified"
  | "precondition-failed"
  | "unsatisfiable"
  | ByteRange;

/** Judges the conditions of a request in their order (section 13.2.2). `tag` is in its quotes. */
export function judge(
  { match, noneMatch, range, ifRange }: Conditions,
  tag: string,
  length: number,
  isHead: boolean,
): Verdict {
  if (match !== null && !matchesStrongly(match, tag)) return "precondition-failed";
  if (noneMatch !== null && matchesWeakly(noneMatch, tag)) return "not-modified";
  // Range is for GET alone (section 14.2); If-Range is compared strongly, and never as a date.
  if (range === null || isHead || (ifRange !== null && ifRange !== tag)) return "whole";
  return rangeOf(range, length) ?? "whole";
}
