/**
 * How fresh the answers of a connection have to be, which its client may choose: requests stay as
 * they are, and look up through a lookup that asks for more.
 *
 * @module
 */
import {
  type Answer,
  type Key,
  type Lookup,
  type Millis,
  NO_TERMS,
  type Outcome,
  type Terms,
} from "../core/types.ts";
import type { ClientRequest } from "../server/protocol.ts";
import type { Output } from "../server/output.ts";

/**
 * What answers are:
 * - `cached`: within the promise of the cache; what a connection begins with, unless --stale-if-error or --resp-freshness says otherwise
 * - `fenced`: also no older than the request, from the cache where that can be proven
 * - `forced`: read from Redis for this very request
 * - `stale`: `cached`, and past their time where Redis gives no answer, as --stale-if-error allows
 */
export const FRESHNESS = ["cached", "fenced", "forced", "stale"] as const;
export type Freshness = typeof FRESHNESS[number];

const TERMS: Readonly<Record<Exclude<Freshness, "cached">, Terms>> = {
  fenced: { ...NO_TERMS, isFenced: true, staleIfError: 0 },
  forced: { ...NO_TERMS, maxAge: 0, staleIfError: 0 },
  // RESP has no place for a mark. NO_TERMS allows stale answers as far as --stale-if-error does.
  stale: NO_TERMS,
};

/** Keys of one request that are asked for at once: one request must not fill the queue. */
const AT_ONCE = 64;

/** Makes a request whose answers are as fresh as that. */
export function freshened(request: ClientRequest, freshness: Freshness): ClientRequest {
  return freshness === "cached" ? request : new Freshened(request, TERMS[freshness]);
}

class Freshened implements ClientRequest {
  constructor(readonly request: ClientRequest, readonly terms: Terms) {}

  get last(): boolean {
    return this.request.last;
  }

  read(lookup: Lookup, now: Millis): unknown {
    return this.request.read(new TermsLookup(lookup, this.terms), now);
  }

  reply(output: Output, found: unknown): boolean | void {
    return this.request.reply(output, found);
  }
}

/** A lookup on terms. */
class TermsLookup implements Lookup {
  constructor(readonly lookup: Lookup, readonly terms: Terms) {}

  find(): undefined {}

  get(key: Key, now: Millis): Outcome | Promise<Outcome> {
    const answer = this.ask(key, now);
    return answer instanceof Promise ? answer.then(({ outcome }) => outcome) : answer.outcome;
  }

  async getMany(keys: readonly Key[], now: Millis): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (let at = 0; at < keys.length; at += AT_ONCE) {
      const part = keys.slice(at, at + AT_ONCE);
      outcomes.push(...await Promise.all(part.map((key) => this.get(key, now))));
    }
    return outcomes;
  }

  ask(key: Key, now: Millis, terms = this.terms): Answer | Promise<Answer> {
    return this.lookup.ask(key, now, terms);
  }

  explain(key: Key, now: Millis): Readonly<Record<string, string>> {
    return this.lookup.explain?.(key, now) ?? {};
  }
}
