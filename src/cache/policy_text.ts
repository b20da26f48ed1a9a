/**
 * Policies as text, as in `session:*=off; config:*=ttl:300,stale:3600`:
 *
 *     policies = rule *( ";" rule )          blanks around a rule do not count
 *     rule     = pattern "=" ( "off" | term *( "," term ) )
 *     pattern  = literal [ "*" ]             with "*" it is a prefix, without it one key
 *     literal  = any characters but ; = * and blanks, which are written %3B %3D %2A %20
 *     term     = ( "ttl" | "absent" | "stale" ) ":" duration
 *              | "max" ":" bytes
 *
 * `ttl` bounds how long a value is served, and `absent` how long the absence of a key. `stale` says
 * how long a value may be served past its lifetime while Redis is away. `max` bounds the size of
 * the values to cache.
 *
 * @module
 */
import { parseKeyPattern } from "../core/key_pattern.ts";
import type { Policy, PolicyRule } from "./policy.ts";

/** Policies that break the grammar. The message says what is wanted. */
export class PolicyTextError extends Error {}

/** Reads the numbers of a term; undefined for other text. */
export interface PolicyUnits {
  duration(text: string): number | undefined;
  bytes(text: string): number | undefined;
}

/**
 * Reads policies.
 *
 * @throws {PolicyTextError} When the text does not follow the grammar above.
 */
export function parsePolicies(text: string, units: PolicyUnits): PolicyRule[] {
  const rules = text.split(";").map((rule) => rule.trim()).filter((rule) => rule !== "");
  const parsed = rules.map((rule) => parseRule(rule, units));
  const patterns = new Set<string>();
  for (const { literal, isPrefix } of parsed) {
    const pattern = `${literal}${isPrefix ? "*" : ""}`;
    if (patterns.has(pattern)) throw new PolicyTextError(`one rule for "${pattern}", not two`);
    patterns.add(pattern);
  }
  return parsed;
}

function parseRule(rule: string, units: PolicyUnits): PolicyRule {
  const [pattern, terms, more] = rule.split("=");
  if (pattern === undefined || terms === undefined || more !== undefined) {
    throw new PolicyTextError(`pattern=terms instead of "${rule}"`);
  }
  const keys = parseKeyPattern(pattern);
  if (keys === null) {
    throw new PolicyTextError(`a key, or a prefix and *, instead of "${pattern}"`);
  }
  const changes = terms === "off" ? [OFF] : terms.split(",").map((term) => parseTerm(term, units));
  return {
    ...keys,
    change: (general) =>
      changes.reduce((policy, change) => ({ ...policy, ...change(policy) }), {
        ...general,
        pattern,
      }),
  };
}

type Change = (policy: Policy) => Partial<Policy>;

const OFF: Change = () => ({
  tracked: { value: 0, absence: 0 },
  untracked: { value: 0, absence: 0 },
  staleIfError: 0,
});

function parseTerm(term: string, { duration, bytes }: PolicyUnits): Change {
  const [name, text, more] = term.trim().split(":");
  const parse = name === "max" ? bytes : duration;
  const value = text === undefined || more !== undefined ? undefined : parse(text);
  if (value === undefined || !["ttl", "absent", "stale", "max"].includes(name!)) {
    throw new PolicyTextError(
      `off, ttl:duration, absent:duration, stale:duration or max:bytes instead of "${term.trim()}"`,
    );
  }
  switch (name) {
    case "ttl":
      return ({ tracked, untracked }) => ({
        tracked: { value, absence: Math.min(tracked.absence, value) },
        untracked: { value, absence: Math.min(untracked.absence, value) },
      });
    case "absent":
      return ({ tracked, untracked }) => ({
        tracked: { ...tracked, absence: value },
        untracked: { ...untracked, absence: value },
      });
    case "stale":
      return () => ({ staleIfError: value });
    default:
      return () => ({ valueLimit: value });
  }
}
