/**
 * A batch: commands of one client that follow each other, sent over the shared lane as one request.
 * One copy of their bytes and one receiver for all their replies cost much less than one for each.
 *
 * The client gets the replies together. Redis does the same: it writes the replies to all commands
 * that it has read at once. A batch is at most about as long as what Redis reads at once.
 *
 * @module
 */
import { type Written, writtenBy } from "../commands/keys.ts";
import type { CommandSpec, Words } from "../commands/spec.ts";
import type { Passable } from "./passable.ts";

/** The most commands of a batch. */
const MOST_COMMANDS = 32;

/** No command is added to a batch of this many bytes. Redis reads as many at once. */
const FULL_BYTES = 16 * 1024;

export class Batch {
  /** The number of commands. */
  count = 1;
  readonly #keys: string[];

  /** @param first The first command; one that `mayBegin`. */
  constructor(readonly first: Passable) {
    this.#keys = [...first.written.keys];
  }

  /** Whether other commands may join this one. */
  static mayBegin({ written, isRepeatable, rewrite }: Passable): boolean {
    return rewrite === null && isKnown(written, isRepeatable);
  }

  /** Whether another command may join, after so many bytes. */
  hasRoom(bytes: number): boolean {
    return this.count < MOST_COMMANDS && this.first.bytes.length + bytes < FULL_BYTES;
  }

  /** Adds a command that is always shared; false if its reply must not wait for others. */
  add(spec: CommandSpec, words: Words): boolean {
    const written = writtenBy(spec, words);
    if (!isKnown(written, spec.flags.has("readonly"))) return false;
    for (const key of written.keys) this.#keys.push(key);
    this.count++;
    return true;
  }

  /** Returns the request, given the bytes of the commands behind the first one. */
  request(others: Uint8Array): Passable {
    const { first } = this;
    const bytes = new Uint8Array(first.bytes.length + others.length);
    bytes.set(first.bytes);
    bytes.set(others, first.bytes.length);
    const request = first.withBytes(bytes, { keys: this.#keys, beyond: "nothing" });
    request.isBatch = true;
    return request;
  }
}

/** Whether the cache knows everything that a command changes, without asking Redis. */
function isKnown({ keys, beyond }: Written, isRead: boolean): boolean {
  return beyond === "nothing" && (keys.length > 0 || isRead);
}
