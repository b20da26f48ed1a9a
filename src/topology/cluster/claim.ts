/**
 * What a master has proven of the slots that it claims: since when a replica of it may speak for it.
 * Pure.
 *
 * A replica learns late that its master has lost a slot, so the master itself must have said within
 * the lease that it has the slot, and served keys. These are the rules for hits, too. And clients may
 * know what the slot's node before it had, so a replica is read only when it was proven since then.
 *
 * @module
 */
import type { Millis } from "../../core/types.ts";

export class Claim {
  /** 1 for each slot that requests are sent to it for. */
  owned: Uint8Array = new Uint8Array(0);
  /** Whether another node has named it as a master. */
  isWitnessed = false;
  /** When it was last asked for its slots. */
  viewedAt: Millis = -Infinity;
  /** When it was last probed by a key, and answered. */
  answeredAt: Millis = -Infinity;

  /** The connection is another one, or no earlier proof counts. */
  reset(): void {
    this.viewedAt = this.answeredAt = -Infinity;
  }

  viewed(owned: Uint8Array, sentAt: Millis): void {
    this.owned = owned;
    this.viewedAt = Math.max(this.viewedAt, sentAt);
  }

  answered(sentAt: Millis): void {
    this.answeredAt = Math.max(this.answeredAt, sentAt);
  }

  /**
   * Since when the master is known to have a slot; -Infinity if it is not, or the replica is not to be
   * read for it.
   *
   * @param provenAt The replica has all changes that the master made before this moment.
   * @param since When requests for the slot were first sent to the master.
   */
  rightAt(slot: number, provenAt: Millis, since: Millis): Millis {
    if (provenAt <= since || !this.isWitnessed || this.owned[slot] !== 1) return -Infinity;
    return Math.min(this.viewedAt, this.answeredAt);
  }
}
