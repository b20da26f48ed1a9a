/**
 * The keys of which a client may know a newer value than the replica has: it has written them, or
 * has read them from the master. They are read from the master until the replica has caught up. Pure.
 *
 * @module
 */
import type { Key, Millis } from "../../core/types.ts";

/** What is known of a key. */
interface Mark {
  /** When a client last learned of its value at the master. */
  at: Millis;
  /** In-flight reads of it at the master. */
  reads: number;
}

/** The most keys to remember. If there are more, all keys count as known. */
const MOST = 10_000;

export class Ahead {
  /** When clients may have learned of the value of any key. */
  #all: Millis = -Infinity;
  /** The keys, those of whom they learned first in front. */
  readonly #marks = new Map<Key, Mark>();

  constructor(readonly most = MOST) {}

  /** The number of remembered keys. */
  get size(): number {
    return this.#marks.size;
  }

  /** A client has written a key, or knows its value at the master. */
  note(key: Key, now: Millis): void {
    this.#mark(key, now, 0);
  }

  /** The same for every key. */
  noteAll(now: Millis): void {
    this.#all = now;
    for (const [key, { reads }] of this.#marks) if (reads === 0) this.#marks.delete(key);
  }

  /** A read of a key at the master begins. */
  begin(key: Key, now: Millis): void {
    this.#mark(key, now, 1);
  }

  /** Whether the master is being asked for a key. */
  isReading(key: Key): boolean {
    return (this.#marks.get(key)?.reads ?? 0) > 0;
  }

  /** It is over. */
  end(key: Key, now: Millis): void {
    this.#mark(key, now, -1);
  }

  /** No replica is read now: the next one is proven later. */
  forget(key: Key): void {
    if (this.#marks.get(key)?.reads === 0) this.#marks.delete(key);
  }

  /**
   * Whether a replica has at least the value that clients know.
   *
   * @param provenAt The replica has all changes from before this moment.
   */
  isReached(key: Key, provenAt: Millis): boolean {
    if (provenAt <= this.#all) return false;
    const mark = this.#marks.get(key);
    return mark === undefined || (mark.reads === 0 && mark.at < provenAt);
  }

  /** Forgets the keys that the replica has reached. */
  reached(provenAt: Millis): void {
    for (const [key, { at, reads }] of this.#marks) {
      if (reads > 0) continue;
      if (at >= provenAt) return;
      this.#marks.delete(key);
    }
  }

  #mark(key: Key, at: Millis, change: number): void {
    const reads = (this.#marks.get(key)?.reads ?? 0) + change;
    this.#marks.delete(key);
    if (this.#marks.size >= this.most) this.noteAll(at);
    this.#marks.set(key, { at, reads });
  }
}
