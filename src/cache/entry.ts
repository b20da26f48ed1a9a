/**
 * What the table keeps of a key: an entry with the marks that tell whether it still holds, and the
 * read that is under way.
 *
 * @module
 */
import {
  Entry,
  type Fetched,
  type Flight,
  type Key,
  type Millis,
  type Outcome,
  type Value,
} from "../core/types.ts";
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

/** Decides what becomes of a flight. */
export interface FlightTracker {
  sent(flight: CacheFlight, now: Millis): void;
  settled(flight: CacheFlight, fetched: Fetched, now: Millis): void;
}

/** An in-flight read of one key. Its identity decides whether its result becomes an entry. */
export class CacheFlight implements Flight {
  phase: FlightPhase = "queued";
  /** When its bytes were written, and the epoch and generation of its result. */
  sentAt: Millis = Infinity;
  epoch = -1;
  generation = -1;
  /** Whether its result is now an entry. */
  isStored = false;
  #wait: PromiseWithResolvers<Outcome> | null = Promise.withResolvers<Outcome>();

  constructor(
    readonly key: Key,
    readonly policy: Policy,
    readonly tracker: FlightTracker,
    public mayStore: boolean,
  ) {}

  /** What the read comes to, for those who wait for it; to be taken before it has landed. */
  get outcome(): Promise<Outcome> {
    return this.#wait!.promise;
  }

  /** Ends the wait. Those who wait hold the value, and the flight does not: it may live longer. */
  land(outcome: Outcome): void {
    this.phase = "landed";
    const { resolve } = this.#wait!;
    this.#wait = null;
    resolve(outcome);
  }

  sent(now: Millis): void {
    this.tracker.sent(this, now);
  }

  settled(fetched: Fetched, now: Millis): void {
    this.tracker.settled(this, fetched, now);
  }
}
