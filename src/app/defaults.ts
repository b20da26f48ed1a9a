/**
 * Turns settings into the table, its policies and the options of the link. All defaults that depend
 * on other settings are decided here.
 *
 * @module
 */
import type { Config, Values } from "../config/mod.ts";
import type { LinkOptions } from "../origin/link.ts";
import type { Key, Millis } from "../core/types.ts";
import type { Freshness } from "../resp/mod.ts";
import type { Stats } from "../core/stats.ts";
import { Channel } from "../cache/channel.ts";
import { ClusterChannel } from "../cache/cluster/cluster_channel.ts";
import { ClusterTable } from "../cache/cluster/cluster_table.ts";
import { Tenures } from "../cache/cluster/tenures.ts";
import { Policies, type Policy } from "../cache/policy.ts";
import type { Room } from "../cache/store/room.ts";
import { Table } from "../cache/table.ts";

const SECOND = 1000;

/** The largest value to cache by default: one value must not evict the hot ones. */
const VALUE_LIMIT = 2 ** 20;
const VALUE_SHARE = 64;

/**
 * Returns an empty table for these settings.
 *
 * @param isWitnessed Whether others must confirm which server is the right one.
 * @param room The room that it shares with the tables of other databases.
 */
export function makeTable(
  values: Values,
  stats: Stats,
  isWitnessed = false,
  room?: Room,
): Table {
  const policies = new Policies(generalPolicy(values), values.policy ?? []);
  const { coherence: mode, lease } = values;
  const channel = new Channel({ mode, lease, isWitnessed }, policies.longestStale);
  return new Table(channel, policies, stats, {
    entries: values["cache-size"],
    bytes: values["cache-memory"],
    room,
    covers: coverOf(values),
  });
}

/** Returns an empty table of a cluster for these settings. */
export function makeClusterTable(values: Values, stats: Stats): ClusterTable {
  const policies = new Policies(generalPolicy(values), values.policy ?? []);
  const { coherence: mode, lease } = values;
  const tenures = new Tenures(lease, policies.longestStale);
  const channel = new ClusterChannel({ mode, lease }, tenures);
  return new ClusterTable(channel, policies, stats, {
    entries: values["cache-size"],
    bytes: values["cache-memory"],
    covers: coverOf(values),
  });
}

/** Returns the options of the link. */
export function linkOptions(values: Values): LinkOptions {
  return {
    mode: values.coherence,
    tracking: values.tracking,
    trackingMode: values["tracking-mode"],
    prefixes: values["tracking-prefix"] ?? [],
    timeout: values["redis-timeout"],
    lease: values.lease,
  };
}

/** The policy of all keys without a rule. */
export function generalPolicy(values: Values): Policy {
  const common = {
    pattern: "*",
    staleIfError: values["stale-if-error"],
    valueLimit: values["value-limit"] ?? defaultValueLimit(values),
  };
  const value = values["cache-timeout"];
  const absence = values["absent-timeout"];
  const lifetimes = (absenceByDefault: number) => ({
    value,
    absence: absence ?? Math.min(value, absenceByDefault),
  });
  if (values.coherence === "off") {
    // A value stays for exactly its lifetime, without jitter.
    const plain = lifetimes(0);
    return { ...common, tracked: plain, untracked: plain, jitter: 0, refreshAfter: Infinity };
  }
  return {
    ...common,
    tracked: lifetimes(60 * SECOND),
    untracked: lifetimes(SECOND),
    jitter: 0.1,
    refreshAfter: 0.8,
  };
}

/** How fresh answers must be on a new RESP connection. */
export function respFreshness(values: Values, { longestStale }: Policies): Freshness {
  // Operators who allow stale answers want them for all clients, though RESP cannot mark them.
  return values["resp-freshness"] ?? (longestStale > 0 ? "stale" : "cached");
}

/** Until when cached values may be served to all clients without a connection to Redis. */
export function servableUntil({ channel, policies }: Table, freshness: Freshness): Millis {
  const stale = freshness === "stale" ? policies.longestStale : 0;
  const isTimeBound = channel.state === "off" || channel.state === "untracked";
  // Tracked values are stale since their last proof.
  const end = isTimeBound
    ? channel.lostAt + policies.longestLife
    : channel.endOf(channel.epoch - 1);
  return end + stale;
}

/** Whether HTTP clients may ask for an answer fresher than the cached one. */
export function mayRefresh({ values, credentials }: Config): boolean {
  const who = values["http-no-cache"];
  return who === "anyone" || (who === "authenticated" && credentials.required);
}

function defaultValueLimit({ coherence, "cache-memory": memory }: Values): number {
  return coherence === "off" ? memory : Math.min(VALUE_LIMIT, Math.floor(memory / VALUE_SHARE));
}

/** With prefixes, Redis announces no changes of other keys. */
function coverOf(values: Values): (key: Key) => boolean {
  const prefixes = values["tracking-prefix"];
  if (values.tracking !== "bcast" || prefixes === null) return () => true;
  return (key) => prefixes.some((prefix) => key.startsWith(prefix));
}
