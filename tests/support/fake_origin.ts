/**
 * An origin in memory: the test decides when and what it answers.
 *
 * @module
 */
import {
  type Fetched,
  type Flight,
  Found,
  type Key,
  type Millis,
  type Origin,
  type Value,
} from "../../src/core/types.ts";

/** A read that waits for the test's answer. */
export interface PendingRead {
  readonly flights: readonly Flight[];
  readonly keys: readonly Key[];
  /** Answers each key; a plain value has no expiry. */
  answer(...values: (Fetched | Value)[]): void;
}

export class FakeOrigin implements Origin {
  /** All reads so far, in order. */
  readonly reads: PendingRead[] = [];
  /** The result of a fence; a test may replace it. */
  fence: () => Promise<boolean> = () => Promise.resolve(false);
  /** Since when the values are right, as a replica says; undefined for a master. */
  validFrom: Millis | undefined;
  mayKeep = true;

  constructor(readonly clock: () => Millis = () => performance.now()) {}

  hasRoom(): boolean {
    return true;
  }

  read(flights: readonly Flight[]): void {
    const now = this.clock();
    for (const flight of flights) flight.sent(now, this.validFrom);
    this.reads.push({
      flights,
      keys: flights.map(({ key }) => key),
      answer: (...values) => {
        values.forEach((one, index) =>
          flights[index]!.settled(
            one instanceof Uint8Array ? new Found(one) : one,
            this.clock(),
            this.mayKeep,
          )
        );
      },
    });
  }
}
