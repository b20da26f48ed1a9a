/**
 * The table of a cluster: an entry belongs to a tenure, and `Tenures` decides whether it holds.
 *
 * @module
 */
import { slotOf } from "../../core/slot.ts";
import type { Stats } from "../../core/stats.ts";
import type { Found, Key, Millis } from "../../core/types.ts";
import type { Marks } from "../entry.ts";
import type { CacheFlight } from "../flight.ts";
import type { CacheKey } from "../key.ts";
import type { MissReason } from "../miss_reasons.ts";
import type { Policies, Policy } from "../policy.ts";
import { Table, type TableOptions } from "../table.ts";
import type { ClusterChannel } from "./cluster_channel.ts";
import type { Life } from "./tenures.ts";

export class ClusterTable extends Table {
  constructor(
    override readonly channel: ClusterChannel,
    policies: Policies,
    stats: Stats,
    options: TableOptions,
  ) {
    super(channel, policies, stats, options);
  }

  override holds(entry: Marks, now: Millis): boolean {
    return now < entry.freshUntil && entry.generation === this.channel.generation &&
      this.channel.tenures.holds(entry, now);
  }

  /** All keys of one node are gone: no read that is under way becomes an entry. */
  flushed(life: Life, now: Millis): void {
    this.channel.tenures.restart(life, now);
    this.backoff.allChanged();
    for (const flight of this.flights.values()) if (flight.phase === "sent") this.detach(flight);
  }

  override sent(flight: CacheFlight, now: Millis, validFrom: Millis): void {
    super.sent(flight, now, validFrom);
    flight.epoch = this.channel.tenures.of(flight.slot ??= slotOf(flight.key));
  }

  override noteMiss(key: CacheKey, entry: Marks | undefined, now: Millis): MissReason {
    const reason = super.noteMiss(key, entry, now);
    return entry === undefined || now >= entry.freshUntil ? reason : this.#whyNot(entry);
  }

  override bypass(key: CacheKey): void {
    this.store.delete(key);
  }

  override whereabouts(key: Key): Readonly<Record<string, string>> {
    const slot = slotOf(key);
    const tenure = this.channel.tenures.of(slot);
    const life = this.channel.tenures.lifeOf(tenure);
    return {
      redis: life?.node ?? "none",
      slot: String(slot),
      tenure: String(tenure),
    };
  }

  protected override marks(flight: CacheFlight, found: Found | null, policy: Policy): Marks {
    const marks = super.marks(flight, found, policy);
    if (found !== null) return marks;
    const end = this.channel.tenures.absenceEnd(flight.sentAt);
    return { ...marks, freshUntil: Math.min(marks.freshUntil, end) };
  }

  #whyNot({ epoch }: Marks): MissReason {
    return this.channel.tenures.lifeOf(epoch) === undefined ? "connection lost" : "lease lapsed";
  }
}
