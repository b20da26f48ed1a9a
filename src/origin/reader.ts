/**
 * How keys are read over one connection: each value and its remaining time in one atomic step by a
 * script where Redis lets us, else by commands for each key, in one trip.
 *
 * A value for which there is no room is not read in this step, but over another connection. So what
 * waits for this one does not wait for large values.
 *
 * @module
 */
import type { Key } from "../core/types.ts";
import type { LargeReader } from "./large_reader.ts";
import type { Read } from "./replies.ts";

export interface Reader {
  /**
   * Reads keys in one trip. Rejects when the connection is lost, or replies wrongly to any of them.
   *
   * @param room Bytes of values that the trip may bring, where the way of reading lets us say so.
   */
  read(keys: readonly Key[], room: number): Promise<Read[]>;
  /**
   * Reads keys in one trip, each by commands of its own. Never rejects: an error stands in the place
   * of a key whose reply was lost or wrong, whatever became of the others.
   *
   * @param room As for `read`.
   */
  readEach(keys: readonly Key[], room: number): Promise<(Read | Error)[]>;
  /** Reads large values over this very connection. */
  readonly large: LargeReader;
}
