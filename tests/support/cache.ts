/**
 * Caches for tests: the objects of a proxy, with as few options as possible.
 *
 * @module
 */
import { Channel, type ChannelOptions } from "../../src/cache/channel.ts";
import { Policies, type Policy, type PolicyRule } from "../../src/cache/policy.ts";
import type { SoftWait } from "../../src/cache/soft_wait.ts";
import { Table } from "../../src/cache/table.ts";
import type { Key, Millis, Origin } from "../../src/core/types.ts";
import { ReadThrough } from "../../src/cache/read_through.ts";
import { Stats } from "../../src/core/stats.ts";

export interface CacheOptions {
  readonly entries?: number;
  readonly bytes?: number;
  readonly timeToLive?: Millis;
  readonly absence?: Millis;
  readonly policy?: Partial<Policy>;
  readonly rules?: readonly PolicyRule[];
  readonly mode?: ChannelOptions["mode"];
  readonly lease?: Millis;
  readonly covers?: (key: Key) => boolean;
  readonly clock?: () => Millis;
  readonly soft?: SoftWait;
  /** By default each read leaves at once. */
  readonly board?: (depart: () => void) => void;
}

/** Returns a cache; without options it keeps a thousand entries for a second, and no absences. */
export function makeCache(origin: Origin, options: CacheOptions = {}): ReadThrough {
  const { timeToLive = 1000, absence = 0, mode = "off", lease = 100 } = options;
  const stats = new Stats();
  const policies = new Policies({
    pattern: "*",
    tracked: { value: timeToLive, absence },
    untracked: { value: timeToLive, absence },
    staleIfError: 0,
    valueLimit: 2 ** 30,
    jitter: 0,
    refreshAfter: Infinity,
    ...options.policy,
  }, options.rules);
  const table = new Table(new Channel({ mode, lease }, policies.longestStale), policies, stats, {
    entries: options.entries ?? 1000,
    bytes: options.bytes ?? 2 ** 30,
    covers: options.covers ?? (() => true),
  });
  const board = options.board ?? ((depart) => depart());
  return new ReadThrough(origin, table, stats, options.clock, options.soft, board);
}
