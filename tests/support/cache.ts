/**
 * Caches for tests: the objects of a proxy, with as few options as possible.
 *
 * @module
 */
import type { AtEndOfTurn } from "../../src/cache/boarding.ts";
import { Channel, type ChannelOptions } from "../../src/cache/channel.ts";
import { Policies, type Policy, type PolicyRule } from "../../src/cache/policy.ts";
import { SoftWait } from "../../src/cache/soft_wait.ts";
import { Table } from "../../src/cache/table.ts";
import {
  type Answer,
  CacheStatus,
  type Key,
  type Lookup,
  type Millis,
  NO_TERMS,
  type Origin,
  type Terms,
} from "../../src/core/types.ts";
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
  readonly softWait?: SoftWait;
  /** By default, each read leaves at once. */
  readonly atEndOfTurn?: AtEndOfTurn;
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
  const { clock = () => performance.now(), softWait = new SoftWait(Infinity) } = options;
  const atEndOfTurn = options.atEndOfTurn ?? ((run) => run());
  return new ReadThrough(origin, table, stats, { clock, softWait, atEndOfTurn });
}

/** The terms of a plain request: no stale value. */
export const PLAIN: Terms = { ...NO_TERMS, staleIfError: 0 };

/** An answer with how it came about. */
export interface ToldAnswer extends Omit<CacheStatus, "place"> {
  readonly answer: Answer;
}

/** Asks at once; resolves to the answer with how it came about. */
export async function askFor(
  lookup: Lookup,
  key: Key,
  now: Millis,
  terms: Terms,
): Promise<ToldAnswer> {
  const status = new CacheStatus();
  const answer = await lookup.get(key, now, terms, status);
  return { ...status, answer };
}

/** Asks for several keys at once, as MGET does. */
export function getMany(lookup: Lookup, keys: readonly Key[], now: Millis): Promise<Answer[]> {
  return Promise.all(lookup.together(() => keys.map((key) => lookup.get(key, now, PLAIN))));
}

/** An answer as text, if it is a value. */
export function textOf<T>(answer: Uint8Array | T): string | T {
  return answer instanceof Uint8Array ? new TextDecoder().decode(answer) : answer;
}
