/**
 * Explains a key: what the table knows about it, in words and figures for people.
 *
 * @module
 */
import type { Key, Millis } from "../core/types.ts";
import type { Channel } from "./channel.ts";
import type { Entry } from "./entry.ts";
import { CacheKey } from "./key.ts";
import type { Table } from "./table.ts";

/** Returns facts about a key by their names. Durations are in milliseconds, sizes in bytes. */
export function explain(table: Table, key: Key, now: Millis): Record<string, string> {
  const { entry, flight, miss } = table.look(new CacheKey(key));
  const { channel } = table;
  const isHit = entry !== undefined && table.holds(entry, now);
  return {
    cached: entry === undefined ? "no" : isHit ? "yes" : "stale",
    ...(entry === undefined ? {} : describe(table, key, entry, now)),
    reading: flight?.phase ?? "no",
    "last-miss": miss ?? "none",
    policy: table.policies.of(key).pattern,
    channel: channel.state,
    tracking: channel.tracking ?? "none",
    ...table.whereabouts(key),
    epoch: String(channel.epoch),
    "lease-left": Number.isFinite(channel.leaseUntil) ? whole(channel.leaseUntil - now) : "none",
    ...(channel.options.isWitnessed === true
      ? { "confirmed-before": confirmed(channel, now) }
      : {}),
  };
}

function describe(
  table: Table,
  key: Key,
  entry: Entry,
  now: Millis,
): Record<string, string> {
  return {
    value: entry.isAbsence ? "none" : "string",
    size: String(entry.value.length),
    age: whole(now - entry.validFrom),
    "time-left": whole(Math.min(entry.freshUntil, entry.expiresAt) - now),
    "expires-in": Number.isFinite(entry.expiresAt) ? whole(entry.expiresAt - now) : "never",
    "proven-before": whole(Math.max(0, now - table.proof.freshEnd(key, entry))),
    "entry-epoch": String(entry.epoch),
  };
}

/** How long ago others confirmed the server. */
function confirmed({ witnessedAt }: Channel, now: Millis): string {
  return witnessedAt === -Infinity ? "never" : whole(Math.max(0, now - witnessedAt));
}

function whole(duration: Millis): string {
  return String(Math.round(duration));
}
