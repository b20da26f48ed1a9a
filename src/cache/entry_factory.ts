/**
 * How entries come to be: of what a read has found, or anew of what a store has kept of them.
 *
 * @module
 */
import type { Found, Key, Value } from "../core/types.ts";
import type { Marks } from "./store/record.ts";
import { Store, type StoreOptions } from "./store/mod.ts";
import type { Channel } from "./channel.ts";
import { type CacheFlight, Held } from "./entry.ts";
import { cut, type Policies } from "./policy.ts";

const NOTHING = new Uint8Array(0);

/** Makes the entries of a table. */
export class Maker {
  /**
   * @param covers Whether Redis tells of changes of this key, when it tells of any.
   * @param random A number from 0 to below 1, for the jitter.
   */
  constructor(
    readonly channel: Channel,
    readonly policies: Policies,
    readonly covers: (key: Key) => boolean,
    readonly random: () => number,
  ) {}

  /** The entry of what a read has found, null for no such key. */
  entryOf(flight: CacheFlight, fetched: Found | null): Held {
    const { policy, key, sentAt: from } = flight;
    const isCovered = this.covers(key);
    const isTracked = this.channel.state === "tracked" && isCovered;
    const lifetimes = isTracked ? policy.tracked : policy.untracked;
    const cap = fetched === null ? lifetimes.absence : lifetimes.value;
    const left = fetched?.timeToLive ?? Infinity;
    return new Held(
      fetched?.value ?? NOTHING,
      from,
      from + Math.min(left, cut(cap, policy, this.random)),
      // What Redis itself is about to let go is not worth another read.
      left > cap && fetched !== null ? from + cap * policy.refreshAfter : Infinity,
      from + left,
      flight.epoch,
      flight.generation,
      policy,
      fetched === null,
      isCovered,
    );
  }

  /**
   * A store of entries that all are absences, or all are not.
   *
   * @param evicted Called with the key of each entry that left for want of room.
   */
  store(options: StoreOptions, isAbsence: boolean, evicted: (key: Key) => void): Store<Held> {
    const make = (key: Key, marks: Marks, value: Value) =>
      new Held(
        value,
        marks.validFrom,
        marks.freshUntil,
        marks.refreshAt,
        marks.expiresAt,
        marks.epoch,
        marks.generation,
        this.policies.of(key),
        isAbsence,
        this.covers(key),
      );
    return new Store(options, { make, evicted });
  }
}
