/**
 * The Cache-Control field of a request: how fresh its answer must be.
 * Source: RFC 9111 sections 5.2 and 5.2.1, RFC 5861 section 4.
 *
 * @module
 */
import { type Millis, NO_TERMS, type Terms } from "../core/types.ts";
import { elementsOf } from "./lists.ts";

/** A name, and perhaps an argument: a token or a quoted string. */
const DIRECTIVE = /^([!#-'*+.0-9A-Z^-z|~-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^"]*)))?$/;

/** How fresh a request wants its answer to be. */
export interface Wishes {
  readonly terms: Terms;
  /** How long the answer must remain fresh. */
  readonly minFresh: Millis;
}

/** The wishes of a request without Cache-Control. */
export const NO_WISHES: Wishes = { terms: NO_TERMS, minFresh: 0 };

/**
 * Returns the wishes without those that cause a read even if an answer is cached. They are
 * preferences, which a cache need not grant (RFC 9111 section 5.2.1).
 */
export function withoutRefresh({ terms }: Wishes): Wishes {
  const { maxAge, mayStore } = NO_TERMS;
  return { terms: { ...terms, maxAge, mayStore }, minFresh: 0 };
}

/** Reads Cache-Control. Unknown directives are ignored (RFC 9111 section 5.2.3). */
export function wishesOf(cacheControl: string): Wishes {
  let { maxAge, maxStale, staleIfError, mayStore, mayForward } = NO_TERMS;
  let { minFresh } = NO_WISHES;
  for (const element of elementsOf(cacheControl)) {
    const [, name = "", quoted, token] = DIRECTIVE.exec(element) ?? [];
    const argument = quoted ?? token;
    switch (name.toLowerCase()) {
      case "no-cache":
        maxAge = 0;
        break;
      case "max-age":
        // A malformed argument means the stricter wish.
        maxAge = Math.min(maxAge, durationOf(argument) ?? 0);
        break;
      case "min-fresh":
        minFresh = Math.max(minFresh, durationOf(argument) ?? 0);
        break;
      case "max-stale":
        // Without an argument, any staleness is acceptable.
        maxStale = argument === undefined ? Infinity : durationOf(argument) ?? 0;
        break;
      case "stale-if-error":
        staleIfError = durationOf(argument) ?? 0;
        break;
      case "no-store":
        mayStore = false;
        break;
      case "only-if-cached":
        mayForward = false;
        break;
    }
  }
  return { terms: { ...NO_TERMS, maxAge, maxStale, staleIfError, mayStore, mayForward }, minFresh };
}

/** Delta-seconds, of any number of digits (RFC 9111 section 1.2.2). */
function durationOf(argument: string | undefined): Millis | null {
  return argument !== undefined && /^\d+$/.test(argument) ? Number(argument) * 1000 : null;
}
