/**
 * What the channel proves about an entry: until when it was right, and why it may no longer be
 * served.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";
import type { Channel } from "./channel.ts";
import type { Marks } from "./entry.ts";
import type { MissReason } from "./miss_reasons.ts";

/** Whether an entry was read within the lease, and so needs no other proof. */
export function isRecent(channel: Channel, entry: Marks, now: Millis): boolean {
  return channel.state === "tracked" && now < entry.validFrom + channel.options.lease;
}

/** The last time at which an entry of a tracked key was known to be fresh. */
export function freshEnd(channel: Channel, { freshUntil, validFrom, epoch }: Marks): Millis {
  return Math.min(freshUntil, Math.max(validFrom, channel.endOf(epoch)));
}

/** The latest time at which an entry of a tracked key was proven right. */
export function provenAt(channel: Channel, { validFrom, epoch }: Marks): Millis {
  return Math.max(validFrom, channel.proofOf(epoch));
}

/** Why an entry is not a hit. */
export function whyNot(channel: Channel, entry: Marks, now: Millis): MissReason {
  if (entry.generation !== channel.generation) return "flushed";
  if (entry.epoch !== channel.epoch) return "connection lost";
  if (now >= entry.freshUntil) return "expired";
  return now < channel.leaseUntil ? "forced" : "lease lapsed";
}
