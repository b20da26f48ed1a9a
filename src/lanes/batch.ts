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
  /** The keys that they may change. */
  readonly keys: string[];

  /** @param first The first command; one that `mayBegin`. */
  constructor(readonly first: Passable) {
    this.keys = [...first.written.keys];
  }

  /** Whether other commands may join this one. */
  static mayBegin({ spec, written, rewrite }: Passable): boolean {
    return rewrite === null && spec !== undefined && mayJoin(spec, written);
  }

  /** Whether another command may join, after so many bytes. */
  hasRoom(bytes: number): boolean {
    return this.count < MOST_COMMANDS && this.first.bytes.length + bytes < FULL_BYTES;
  }

  /**
   * Adds a command that is always shared; false if it may not join.
   *
   * @param length The number of its bytes.
   */
  add(spec: CommandSpec, words: Words, length: number): boolean {
    const written = writtenBy(spec, words);
    if (!mayJoin(spec, written) || !this.note(spec, words, length, written)) return false;
    this.count++;
    return true;
  }

  /** Returns the request, given the bytes of the commands behind the first one. */
  request(others: Uint8Array): Passable {
    const { first } = this;
    const bytes = new Uint8Array(first.bytes.length + others.length);
    bytes.set(first.bytes);
    bytes.set(others, first.bytes.length);
    const request = first.withBytes(bytes, { keys: this.keys, beyond: "nothing" });
    request.isBatch = true;
    return request;
  }

  /** Records the keys of a command. Returns false if it may not join. */
  protected note(
    _spec: CommandSpec,
    _words: Words,
    _length: number,
    { keys }: Written,
  ): boolean {
    for (const key of keys) this.keys.push(key);
    return true;
  }
}

/**
 * Whether a command may be part of a batch: the cache knows everything that it changes, without
 * asking Redis, and its reply does not wait for a script.
 */
function mayJoin({ flags, categories }: CommandSpec, { keys, beyond }: Written): boolean {
  const isKnown = beyond === "nothing" && (keys.length > 0 || flags.has("readonly"));
  return isKnown && !categories.has("scripting");
}
