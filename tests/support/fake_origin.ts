/**
 * An origin in memory that a test scripts: it answers when and what the test says.
 *
 * @module
 */
import type { Fetched, Key, Origin } from "../../src/protocol.ts";

/** A read that waits for the test's answer. */
export interface PendingRead {
  readonly keys: readonly Key[];
  answer(...values: Fetched[]): void;
}

export class FakeOrigin implements Origin {
  /** All reads so far, in order. */
  readonly reads: PendingRead[] = [];

  read(keys: readonly Key[]): Promise<Fetched[]> {
    return new Promise((resolve) => {
      this.reads.push({ keys, answer: (...values) => resolve(values) });
    });
  }
}
