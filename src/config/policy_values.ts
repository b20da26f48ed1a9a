/**
 * Kinds of settings about keys: patterns and policies.
 *
 * @module
 */
import type { PolicyRule } from "../cache/policy.ts";
import { parsePolicies, PolicyTextError } from "../cache/policy_text.ts";
import { type KeyPattern, parseKeyPattern } from "../core/key_pattern.ts";
import type { Key } from "../core/types.ts";
import { utf8 } from "../core/utf8.ts";
import type { Kind } from "./kind.ts";
import { bytes, duration } from "./quantities.ts";

/** Several prefixes of keys, with commas between. */
export const prefixes: Kind<readonly Key[]> = {
  placeholder: "<prefixes>",
  wanted: "prefixes with commas between, such as user:,item:",
  parse: (text) => {
    const all = text.split(",");
    return all.includes("") ? undefined : all.map(utf8);
  },
};

/** Several keys, or prefixes followed by `*`, with commas between. */
export const keyPatterns: Kind<readonly KeyPattern[]> = {
  placeholder: "<patterns>",
  wanted: "keys, or prefixes followed by *, with commas between, such as public:*,robots.txt",
  parse: (text) => {
    const all = text.split(",").map((one) => parseKeyPattern(one.trim()));
    return all.every((one) => one !== null) ? all : undefined;
  },
};

const POLICY_UNITS = { duration: duration("0", "10000d").parse, bytes: bytes(0).parse };

/** Policies of prefixes, see `../cache/policy_text.ts`. */
export const policies: Kind<readonly PolicyRule[]> = {
  placeholder: "<rules>",
  wanted: "rules such as session:*=off; config:*=ttl:5m,stale:1h",
  parse: (text) => {
    try {
      return parsePolicies(text, POLICY_UNITS);
    } catch (error) {
      if (error instanceof PolicyTextError) return undefined;
      throw error;
    }
  },
  wantedFor: (text) => {
    try {
      parsePolicies(text, POLICY_UNITS);
    } catch (error) {
      if (error instanceof PolicyTextError) return error.message;
    }
    return policies.wanted;
  },
};
