/**
 * The proofs of the channel about entries: until when an entry was right, and why it may no longer
 * be served.
 *
 * @module
 */
import type { Key, Millis } from "../core/types.ts";
import type { Channel } from "./channel.ts";
import type { Marks } from "./entry.ts";
import type { MissReason } from "./miss_reasons.ts";

export class Proof {
  /** @param covers Whether Redis reports changes of this key, when it reports any. */
  constructor(readonly channel: Channel, readonly covers: (key: Key) => boolean) {}

  /** Whether an entry was read within the lease, and so needs no other proof. */
  isRecent({ validFrom }: Marks, now: Millis): boolean {
    const { channel } = this;
    const { lease } = channel.options;
    return channel.state === "tracked" && now < validFrom + lease &&
      now < channel.witnessedAt + lease;
  }

  /** The last time at which an entry was known to be fresh. */
  freshEnd(key: Key, { freshUntil, validFrom, epoch }: Marks): Millis {
    if (!this.covers(key)) return freshUntil;
    return Math.min(freshUntil, Math.max(validFrom, this.channel.endOf(epoch)));
  }

  /** How long ago an entry was last proven right. Redis may have another value since then. */
  ageOf(key: Key, { validFrom, epoch }: Marks, now: Millis): Millis {
    const proven = this.covers(key) ? Math.max(validFrom, this.channel.proofOf(epoch)) : validFrom;
    return Math.max(0, now - proven);
  }

  /** Why an entry is not a hit. */
  whyNot({ generation, epoch, freshUntil }: Marks, now: Millis): MissReason {
    const { channel } = this;
    if (generation !== channel.generation) return "flushed";
    if (epoch !== channel.epoch) return "connection lost";
    if (now >= freshUntil) return "expired";
    return now < channel.leaseUntil ? "forced" : "lease lapsed";
  }
}
