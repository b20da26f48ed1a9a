/**
 * What is known of the channel by which Redis tells of changes: its epoch, and until when its
 * silence may be taken for "nothing has changed". Pure: events and moments in, numbers out.
 *
 * A hit compares four numbers with this object, so they are plain fields.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";
import type { Side } from "../origin/follower.ts";

/**
 * What the channel is at:
 * - `off`: none is wanted; an entry stays until its time is up
 * - `tracked`: Redis tells of every change
 * - `untracked`: Redis does not tell; where it refuses to, an entry stays until its time is up
 * - `down`: there was a channel, or must be one, and there is none now
 */
export type ChannelState = "off" | "tracked" | "untracked" | "down";

/** What is expected of the channel. */
export interface ChannelOptions {
  /** `off` wants none, `auto` does without where Redis refuses, `required` keeps nothing without. */
  readonly mode: "auto" | "required" | "off";
  /** For how long the last proof that both connections live holds. */
  readonly lease: Millis;
}

export class Channel {
  /** The lifetime of one pair of connections; an entry of another one is not answered. */
  epoch = 0;
  /** Counts flushes; an entry from before the last one is known to be wrong. */
  generation = 0;
  /** Until when entries of this epoch may be answered. */
  leaseUntil: Millis;
  state: ChannelState;
  /** When the connection was lost last. */
  lostAt: Millis = -Infinity;
  /** Whether values may be kept for their time without being told of changes. */
  #mayKeepUntold = true;
  /** Until when the entries of past epochs could be answered, and whether that was proven. */
  readonly #ends = new Map<number, { readonly end: Millis; readonly isProven: boolean }>();
  protected readonly answeredAt: Record<Side, Millis> = {
    data: -Infinity,
    invalidation: -Infinity,
  };

  /** @param memory For how long the end of an epoch is remembered, for stale answers. */
  constructor(readonly options: ChannelOptions, readonly memory: Millis = 0) {
    this.state = options.mode === "off" ? "off" : "down";
    this.leaseUntil = options.mode === "off" ? Infinity : -Infinity;
  }

  /** Whether what is read now may be kept. */
  get isKeeping(): boolean {
    return this.state === "tracked" || this.state === "off" ||
      (this.state === "untracked" && this.options.mode !== "required" && this.#mayKeepUntold);
  }

  /** The latest moment for which all entries of this epoch are proven right. */
  get provenAt(): Millis {
    return Math.min(this.answeredAt.data, this.answeredAt.invalidation);
  }

  /**
   * The connection is there for reads.
   *
   * @param isTracked Whether invalidations come; then both sides have just answered.
   * @param sentAt When the questions that they answered were sent.
   * @param mayKeepUntold Whether values may be kept for their time if they do not come.
   */
  up(isTracked: boolean, sentAt: Millis, mayKeepUntold = true): void {
    if (this.state === "off") return;
    this.#mayKeepUntold = mayKeepUntold;
    // Entries that were kept untracked go on as long as it stays so.
    if (isTracked || this.state !== "untracked") this.#turn(sentAt);
    this.state = isTracked ? "tracked" : "untracked";
    if (isTracked) {
      this.answeredAt.data = this.answeredAt.invalidation = sentAt;
      this.renew();
    } else {
      this.leaseUntil = this.isKeeping ? Infinity : -Infinity;
    }
  }

  /** The pair is lost, and with it all that was to be told of its entries. */
  down(now: Millis): void {
    this.lostAt = now;
    if (this.state !== "tracked") return;
    this.#turn(now);
    this.state = "down";
    this.leaseUntil = -Infinity;
  }

  /** A probe was answered that was sent at `sentAt`. */
  answered(side: Side, sentAt: Millis): void {
    if (this.state !== "tracked") return;
    this.answeredAt[side] = Math.max(this.answeredAt[side], sentAt);
    this.renew();
  }

  /** Time has passed that the clock has not seen, as when a machine sleeps: nothing is proven. */
  doubt(): void {
    if (this.state !== "tracked") return;
    this.answeredAt.data = this.answeredAt.invalidation = -Infinity;
    this.renew();
  }

  /** Everything was deleted at once. */
  flush(): void {
    this.generation++;
  }

  /** Until when the entries of an epoch were known to be right; -Infinity when that is forgotten. */
  endOf(epoch: number): Millis {
    if (epoch !== this.epoch) return this.#ends.get(epoch)?.end ?? -Infinity;
    return this.state === "tracked" ? this.provenAt : Infinity;
  }

  /** The latest moment for which the entries of an epoch were proven right; -Infinity for never. */
  proofOf(epoch: number): Millis {
    if (epoch === this.epoch) return this.state === "tracked" ? this.provenAt : -Infinity;
    const past = this.#ends.get(epoch);
    return past?.isProven === true ? past.end : -Infinity;
  }

  protected renew(): void {
    this.leaseUntil = this.provenAt + this.options.lease;
  }

  #turn(now: Millis): void {
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
