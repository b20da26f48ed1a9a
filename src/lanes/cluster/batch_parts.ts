/**
 * The commands of a batch for a cluster: one list for each property, because a list of objects costs
 * a quarter of all the work for a command. Types only.
 *
 * @module
 */
import type { CommandSpec } from "../../commands/spec.ts";

export interface BatchParts {
  readonly specs: readonly CommandSpec[];
  /** The slot of all keys of each command. */
  readonly slots: readonly number[];
  /** Where each command ends in the bytes of the batch. The next one follows. */
  readonly ends: readonly number[];
  /** The keys that the commands may change, and how many of them the first commands have. */
  readonly keys: readonly string[];
  readonly keyEnds: readonly number[];
}
