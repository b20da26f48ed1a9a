/**
 * Makes answers: an outcome with its age, the time it has left and how it came about.
 *
 * @module
 */
import {
  type Answer,
  Entry as OutcomeEntry,
  type Key,
  type Millis,
  type Outcome,
  type Via,
} from "../core/types.ts";
import type { Entry } from "./entry.ts";
import { outcomeOf, type Table } from "./table.ts";

/** A hit. */
export function hitAnswer(table: Table, key: Key, entry: Entry, now: Millis): Answer {
  return {
    outcome: outcomeOf(entry),
    via: "hit",
    age: table.ageOf(key, entry, now),
    timeLeft: entry.freshUntil - now,
    isStored: true,
    isCollapsed: false,
  };
}

/** A hit past its time: its time left is negative. */
export function staleAnswer(table: Table, key: Key, entry: Entry, now: Millis): Answer {
  const timeLeft = Math.min(-1, table.freshEnd(key, entry) - now);
  return { ...hitAnswer(table, key, entry, now), timeLeft };
}

/** What a read, or the lack of one, came to. */
export function readAnswer(
  outcome: Outcome,
  via: Via,
  now: Millis,
  isStored = false,
  isCollapsed = false,
): Answer {
  const isEntry = outcome instanceof OutcomeEntry;
  const age = isEntry ? now - outcome.validFrom : 0;
  const timeLeft = isEntry ? outcome.freshUntil - now : 0;
  return { outcome, via, age, timeLeft, isStored, isCollapsed };
}
