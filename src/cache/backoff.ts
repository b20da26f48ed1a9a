/**
 * Remembers for a moment which keys could not be read, so that who asks again is answered at once
 * instead of by another read that would most likely fail as well. Pure: moments go in.
 *
 * That Redis is away is not for here: the link itself refuses reads at once then, and is back the
 * moment that Redis is. Neither is a read that was shed, since nothing says that Redis is in trouble.
 *
 * @module
 */
import type { Failure, Fetched, Key, Millis } from "../core/types.ts";
import { isTrouble } from "../core/redis_errors.ts";

/** For how long a key is left alone. */
export const BACKOFF: Millis = 1000;

/** Keys that are remembered, and the longest of them; any other is read again too early. */
const KEPT = 4096;
const KEY_BYTES = 256;

export class Backoff {
  /** In the order in which they end, since all take equally long. */
  readonly #failed = new Map<Key, { readonly failure: Failure; readonly until: Millis }>();

  /** The number of keys that are remembered. */
  get size(): number {
    return this.#failed.size;
  }

  /** What a read of the key came to a moment ago, if it failed. */
  find(key: Key, now: Millis): Failure | undefined {
    if (this.#failed.size === 0) return undefined;
    const found = this.#failed.get(key);
    if (found === undefined || now < found.until) return found?.failure;
    this.#failed.delete(key);
    return undefined;
  }

  /** A read that was sent is over. */
  note(key: Key, fetched: Fetched, now: Millis): void {
    if (this.#failed.size > 0) this.#failed.delete(key);
    if (!isTrouble(fetched) || key.length > KEY_BYTES) return;
    this.#failed.set(key, { failure: fetched, until: now + BACKOFF });
    if (this.#failed.size <= KEPT) return;
    for (const oldest of this.#failed.keys()) {
      this.#failed.delete(oldest);
      break;
    }
  }
}
