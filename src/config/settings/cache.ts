/**
 * The settings of the cache, and of how it follows changes in Redis.
 *
 * @module
 */
import { policies, prefixes } from "../policy_values.ts";
import { bytes, duration, integer } from "../quantities.ts";
import { optional, setting } from "../setting.ts";
import { oneOf } from "../texts.ts";

/** The longest lifetime of entries that a setting accepts. */
const FOR_EVER = "10000d";

export const CACHE = {
  "cache-size": setting(
    integer(1, 2 ** 24),
    "10000",
    "maximum number of entries; the least recently used one is evicted first",
  ),
  "cache-memory": setting(bytes(1024), "64mb", "memory for entries, overhead included"),
  "cache-timeout": setting(
    duration("0", FOR_EVER),
    "30s",
    "how long a value stays fresh; with coherence, shortened at random by up to 10 %",
  ),
  "absent-timeout": optional(
    duration("0", FOR_EVER),
    "how long a missing key is remembered; default: 1m if tracked, else 1s; 0 without coherence",
  ),
  "value-limit": optional(
    bytes(0),
    "largest value to cache; default: 1mb, or 1/64 of --cache-memory if that is less",
  ),
  "stale-if-error": setting(
    duration("0", FOR_EVER),
    "0",
    "how long past its freshness a value may be served while Redis does not answer",
  ),
  "soft-timeout": setting(
    duration("0"),
    "50ms",
    "how long to wait for Redis before serving a stale entry",
  ),
  "policy": optional(
    policies,
    "exceptions for some keys, such as session:*=off; config:*=ttl:5m,stale:1h",
  ),
};

export const COHERENCE = {
  "coherence": setting(
    oneOf(["auto", "required", "off"]),
    "auto",
    "follow changes in Redis: auto (if possible), required (or else cache nothing), off",
  ),
  "tracking": setting(
    oneOf(["default", "bcast"]),
    "default",
    "which keys to follow: only those that were read (default), or all keys (bcast)",
  ),
  "tracking-mode": setting(
    oneOf(["auto", "inline", "redirect"]),
    "auto",
    "how Redis announces changes: inline, redirect (a second connection), auto",
  ),
  "tracking-prefix": optional(prefixes, "with bcast, follow only keys with these prefixes"),
  "lease": setting(
    duration("100ms"),
    "3s",
    "maximum staleness of a hit if a connection to Redis fails unnoticed",
  ),
};
