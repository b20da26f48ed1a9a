/**
 * An origin in memory that a test scripts: it answers when and what the test says.
 *
 * @module
 */
import { type Fetched, Found, type Key, type Origin, type Value } from "../../src/core/types.ts";

/** A read that waits for the test's answer. */
export interface PendingRead {
  readonly keys: readonly Key[];
  /** Answers each key; a value alone is one without an end. */
  answer(...values: (Fetched | Value)[]): void;
}

export class FakeOrigin implements Origin {
  /** All reads so far, in order. */
  readonly reads: PendingRead[] = [];
  /** As the test says; without it there are no fences. */
  fence?: () => Promise<boolean>;

  read(keys: readonly Key[], onSent: () => void): Promise<Fetched[]> {
    onSent();
    return new Promise((resolve) => {
      this.reads.push({
        keys,
        answer: (...values) =>
          resolve(values.map((one) => one instanceof Uint8Array ? new Found(one) : one)),
      });
    });
  }
}
