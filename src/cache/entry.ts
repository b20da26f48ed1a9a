/**
 * What the table keeps of a key: an entry with the marks that tell whether it still holds, and the
 * read that is under way.
 *
 * @module
 */
import { Entry, type Key, type Millis, type Outcome, type Value } from "../core/types.ts";
import type { Policy } from "./policy.ts";

/** An entry of the table. */
export class Held extends Entry {
  constructor(
    value: Value,
    validFrom: Millis,
    freshUntil: Millis,
    /** From when on a hit reads the key anew in the background. */
    readonly refreshAt: Millis,
    /** When Redis itself lets the key go; it is never answered after that. */
    readonly expiresAt: Millis,
    readonly epoch: number,
    readonly generation: number,
    readonly policy: Policy,
    /** Whether it says that the key does not exist. */
    readonly isAbsence: boolean,
    /** Whether Redis tells of changes of this key, when it tells of any. */
    readonly isCovered: boolean,
  ) {
    super(value, validFrom, freshUntil);
  }
}

/** Where a flight is: it waits for its turn, it is under way, or it is over. */
export type FlightPhase = "queued" | "sent" | "landed";

/** One outstanding read of one key. Its identity decides what may come of its answer. */
export class Flight {
  phase: FlightPhase = "queued";
  /** When its bytes were written, and of which epoch and generation the answer is. */
  sentAt: Millis = Infinity;
  epoch = -1;
  generation = -1;
  /** Whether its answer is now an entry. */
  isStored = false;
  readonly outcome: Promise<Outcome>;
  readonly settle: (outcome: Outcome) => void;

  constructor(readonly key: Key, readonly policy: Policy, public mayStore: boolean) {
    let settle: (outcome: Outcome) => void;
    this.outcome = new Promise((resolve) => settle = resolve);
    this.settle = settle!;
  }
}
