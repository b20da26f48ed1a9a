/**
 * What the channel proves of an entry: until when it was right for certain, and why it may not be
 * answered any more.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";
import type { Marks } from "./store/record.ts";
import type { Channel } from "./channel.ts";
import type { Held } from "./entry.ts";
import type { MissReason } from "./miss_reasons.ts";

/** Whether an entry was read so lately that it needs no other proof. */
export function isRecent(channel: Channel, entry: Marks, now: Millis): boolean {
  return channel.state === "tracked" && now < entry.validFrom + channel.options.lease;
}

/** The last moment at which an entry was known to be fresh. */
export function freshEnd(channel: Channel, entry: Held): Millis {
  if (!entry.isCovered) return entry.freshUntil;
  return Math.min(entry.freshUntil, Math.max(entry.validFrom, channel.endOf(entry.epoch)));
}

/** The latest moment for which an entry was proven right: since when Redis may have another. */
export function provenAt(channel: Channel, { isCovered, validFrom, epoch }: Held): Millis {
  return isCovered ? Math.max(validFrom, channel.proofOf(epoch)) : validFrom;
}

/** Why an entry is no hit. */
export function whyNot(channel: Channel, entry: Held, now: Millis): MissReason {
  if (entry.generation !== channel.generation) return "flushed";
  if (entry.epoch !== channel.epoch) return "connection lost";
  if (now >= entry.freshUntil) return "expired";
  return now < channel.leaseUntil ? "forced" : "lease lapsed";
}
