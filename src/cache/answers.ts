/**
 * Makes answers: an outcome with its age, the time it has left and how it came about.
 *
 * @module
 */
import { type Answer, Entry, type Millis, type Outcome, type Via } from "../core/types.ts";
import type { Held } from "./entry.ts";
import { freshEnd, provenAt } from "./proof.ts";
import type { Table } from "./table.ts";

/** For how long at most the origin may have had another value: since it was proven right. */
export function ageOf(table: Table, found: Held | null, now: Millis): Millis {
  return found === null ? 0 : Math.max(0, now - provenAt(table.channel, found));
}

/** A hit. */
export function hitAnswer(table: Table, found: Held | null, now: Millis): Answer {
  const age = ageOf(table, found, now);
  const timeLeft = found === null ? 0 : found.freshUntil - now;
  return { outcome: found, via: "hit", age, timeLeft, isStored: true, isCollapsed: false };
}

/** A hit past its time: marked as such by the time it has left. */
export function staleAnswer(table: Table, entry: Held, now: Millis): Answer {
  const age = ageOf(table, entry, now);
  const timeLeft = Math.min(-1, freshEnd(table.channel, entry) - now);
  return { outcome: entry, via: "hit", age, timeLeft, isStored: true, isCollapsed: false };
}

/** What a read, or the lack of one, came to. */
export function readAnswer(
  outcome: Outcome,
  via: Via,
  now: Millis,
  isStored = false,
  isCollapsed = false,
): Answer {
  const isEntry = outcome instanceof Entry;
  const age = isEntry ? now - outcome.validFrom : 0;
  const timeLeft = isEntry ? outcome.freshUntil - now : 0;
  return { outcome, via, age, timeLeft, isStored, isCollapsed };
}
