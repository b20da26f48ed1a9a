/**
 * The state of the channel on which Redis announces changes: its epoch, and until when its silence
 * means that nothing has changed. Pure: events and times in, numbers out.
 *
 * A hit compares four numbers with this object, so they are plain fields.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";
import type { Side, TrackingMode } from "../origin/follower.ts";

/**
 * The state of the channel:
 * - `off`: the settings turn it off; an entry lives for its lifetime
 * - `tracked`: Redis announces every change
 * - `untracked`: Redis does not announce changes; if it refuses to, an entry lives for its lifetime
 * - `down`: the channel is lost, or required and not there yet
 */
export type ChannelState = "off" | "tracked" | "untracked" | "down";

/** The settings of the channel. */
export interface ChannelOptions {
  /**
   * `off` uses none, `auto` caches even if Redis refuses it, `required` caches nothing without it.
   */
  readonly mode: "auto" | "required" | "off";
  /** How long the last proof holds that Redis still announces changes. */
  readonly lease: Millis;
  /** Whether others must confirm that the connection leads to the right server. Default: no. */
  readonly isWitnessed?: boolean;
}

export class Channel {
  /** The number of the connection's lifetime. Entries of another epoch are not served. */
  epoch = 0;
  /** Counts flushes. An entry from before the last flush is wrong. */
  generation = 0;
  /** Until when entries of this epoch may be served. */
  leaseUntil: Millis;
  state: ChannelState;
  /** How Redis announces changes now; null if it does not, or is away. */
  tracking: TrackingMode | null = null;
  /** The address of the Redis of this epoch; empty before the first connection. */
  redis = "";
  /** When the connection was last lost. */
  lostAt: Millis = -Infinity;
  /** When others last confirmed that the connection leads to the right server. */
  witnessedAt: Millis;
  /** Whether values may be cached for their lifetime although Redis announces no changes. */
  #mayKeepUntold = true;
  /** Until when the entries of past epochs could be served, and whether that was proven. */
  readonly #ends = new Map<number, { readonly end: Millis; readonly isProven: boolean }>();
  protected readonly answeredAt: Record<Side, Millis> = {
    data: -Infinity,
    invalidation: -Infinity,
  };

  /** @param memory How long to remember the end of an epoch, for stale answers. */
  constructor(readonly options: ChannelOptions, readonly memory: Millis = 0) {
    this.state = options.mode === "off" ? "off" : "down";
    this.leaseUntil = options.mode === "off" ? Infinity : -Infinity;
    this.witnessedAt = this.#unwitnessed;
  }

  /** The value of `witnessedAt` on a new connection. */
  get #unwitnessed(): Millis {
    return this.options.isWitnessed === true ? -Infinity : Infinity;
  }

  /** Whether a value that is read now may be cached. */
  get isKeeping(): boolean {
    return this.state === "tracked" || this.state === "off" ||
      (this.state === "untracked" && this.options.mode !== "required" && this.#mayKeepUntold);
  }

  /** The latest time at which all entries of this epoch were proven right. */
  get provenAt(): Millis {
    return Math.min(this.answeredAt.data, this.answeredAt.invalidation, this.witnessedAt);
  }

  /**
   * Notes that the connection is ready for reads.
   *
   * @param isTracked Whether Redis announces changes; then both sides have just answered a probe.
   * @param sentAt When these probes were sent.
   * @param mayKeepUntold Whether values may be cached for their lifetime without announcements.
   */
  up(isTracked: boolean, sentAt: Millis, mayKeepUntold = true): void {
    if (this.state === "off") return;
    this.#mayKeepUntold = mayKeepUntold;
    // Entries that were cached untracked stay valid as long as the state stays untracked.
    if (isTracked || this.state !== "untracked") this.#beginEpoch(sentAt);
    this.witnessedAt = this.#unwitnessed;
    this.state = isTracked ? "tracked" : "untracked";
    if (isTracked) {
      this.answeredAt.data = this.answeredAt.invalidation = sentAt;
      this.renew();
    } else {
      this.leaseUntil = this.isKeeping ? Infinity : -Infinity;
    }
  }

  /** Notes that the connection is lost, and with it the announcements for its entries. */
  down(now: Millis): void {
    this.lostAt = now;
    if (this.state !== "tracked") return;
    this.#beginEpoch(now);
    this.state = "down";
    this.leaseUntil = -Infinity;
  }

  /** Notes that a probe which was sent at `sentAt` is answered. */
  answered(side: Side, sentAt: Millis): void {
    if (this.state !== "tracked") return;
    this.answeredAt[side] = Math.max(this.answeredAt[side], sentAt);
    this.renew();
  }

  /** Notes that others have confirmed the server, asked at `sentAt` or later. */
  witnessed(sentAt: Millis): void {
    if (this.state !== "tracked") return;
    this.witnessedAt = Math.max(this.witnessedAt, sentAt);
    this.renew();
  }

  /**
   * Discards all proofs: time has passed that the clock did not count, because the machine was
   * asleep.
   */
  doubt(): void {
    if (this.state !== "tracked") return;
    this.answeredAt.data = this.answeredAt.invalidation = -Infinity;
    this.witnessedAt = this.#unwitnessed;
    this.renew();
  }

  /** Notes that Redis deleted everything at once. */
  flush(): void {
    this.generation++;
  }

  /** Until when the entries of an epoch were known to be right; -Infinity if that is forgotten. */
  endOf(epoch: number): Millis {
    if (epoch !== this.epoch) return this.#ends.get(epoch)?.end ?? -Infinity;
    return this.state === "tracked" ? this.provenAt : Infinity;
  }

  /** The latest time at which the entries of an epoch were proven right; -Infinity for never. */
  proofOf(epoch: number): Millis {
    if (epoch === this.epoch) return this.state === "tracked" ? this.provenAt : -Infinity;
    const past = this.#ends.get(epoch);
    return past?.isProven === true ? past.end : -Infinity;
  }

  protected renew(): void {
    this.leaseUntil = this.provenAt + this.options.lease;
  }

  #beginEpoch(now: Millis): void {
    if (this.memory > 0) {
      const isProven = this.state === "tracked";
      this.#ends.set(this.epoch, { end: isProven ? this.provenAt : now, isProven });
      for (const [epoch, { end }] of this.#ends) {
        if (now - end > this.memory) this.#ends.delete(epoch);
      }
    }
    this.epoch++;
  }
}
